"""AVIF as libavif writes it by default: tuned for what people see."""

from reproduce.measure.rates.interface import PillowCodec

CODEC = PillowCodec(
    "AVIF",
    2019,
    "Pillow (libavif, libaom): quality; speed 6, monochrome",
    (4, 8, 13, 20, 26, 32, 38, 44, 50, 56, 62, 68, 77),
    "AVIF",
    lambda quality: {"quality": int(quality), "speed": 6, "subsampling": "4:0:0"},
)
