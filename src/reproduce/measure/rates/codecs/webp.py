"""WebP, lossy."""

from reproduce.measure.rates.interface import PillowCodec

CODEC = PillowCodec(
    "WebP",
    2010,
    "Pillow (libwebp): quality; lossy, method 6",
    (0, 5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 88),
    "WEBP",
    lambda quality: {"quality": int(quality), "method": 6},
)
