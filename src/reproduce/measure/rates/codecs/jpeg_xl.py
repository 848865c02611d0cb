"""JPEG XL, lossy."""

import pillow_jxl  # noqa: F401  # makes JPEG XL known to Pillow

from reproduce.measure.rates.interface import PillowCodec

CODEC = PillowCodec(
    "JPEG XL",
    2022,
    "pillow-jxl-plugin (libjxl): quality; effort 7",
    (2, 5, 10, 20, 30, 40, 50, 60, 68, 75, 80, 85, 89),
    "JXL",
    lambda quality: {"quality": quality, "effort": 7},
    ("pillow", "pillow-jxl-plugin"),
)
