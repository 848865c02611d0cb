"""JPEG, with what makes its files smaller and leaves the image as it is."""

from reproduce.measure.rates.interface import PillowCodec

CODEC = PillowCodec(
    "JPEG",
    1992,
    "Pillow (libjpeg-turbo): quality; optimised Huffman tables, progressive",
    (1, 4, 7, 10, 15, 20, 30, 40, 50, 60, 70, 78, 85),
    "JPEG",
    lambda quality: {"quality": int(quality), "optimize": True, "progressive": True},
)
