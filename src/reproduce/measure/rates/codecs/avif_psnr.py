"""AVIF, tuned for PSNR: what it was by default until libavif tuned it for what people see."""

from reproduce.measure.rates.interface import PillowCodec

CODEC = PillowCodec(
    "AVIF for PSNR",
    2019,
    "Pillow (libavif, libaom): quality; speed 6, monochrome, tune=psnr",
    (2, 5, 9, 13, 18, 22, 26, 31, 37, 44, 52, 61, 73),
    "AVIF",
    lambda quality: {
        "quality": int(quality),
        "speed": 6,
        "subsampling": "4:0:0",
        "advanced": {"tune": "psnr"},
    },
)
