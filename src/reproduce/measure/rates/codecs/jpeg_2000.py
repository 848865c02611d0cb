"""JPEG 2000, without a container."""

from reproduce.measure.rates.interface import PillowCodec

CODEC = PillowCodec(
    "JPEG 2000",
    2000,
    "Pillow (OpenJPEG): target in bits per pixel; irreversible 9-7 wavelet, bare codestream",
    (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.25, 1.5, 2.0),
    "JPEG2000",
    lambda rate: {
        "quality_mode": "rates",
        "quality_layers": [8 / rate],
        "irreversible": True,
        "no_jp2": True,
    },
)
