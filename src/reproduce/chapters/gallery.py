"""Twelve photographs by all measures: by the paper's ratio, and by files of the same bytes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from reproduce.chapters import pictures
from reproduce.chapters.pictures import Picture
from reproduce.chapters.text import rounded
from reproduce.core import parallel
from reproduce.core.markdown import table
from reproduce.measure import metrics, png
from reproduce.measure.rates import budget
from reproduce.measure.rates.autoencoder import AutoencoderCodec
from reproduce.measure.rates.codecs import MODULES
from reproduce.measure.size_ratio.methods import METHODS
from reproduce.measure.subject import Levels, Subject
from reproduce.results import excerpt

QUALITY = 8
"""Of the autoencoder's file: steps of 1/8."""

PICTURES = ("autoencoder", "blur-1", "mid-grey")
"""What the paper's ratio is taken of."""

_METHODS = {method.name: method for method in METHODS}


@dataclass(frozen=True)
class Result:
    """What is left of an image, and by how many bytes.

    Attributes
    ----------
    label
        How it was made, for people.
    bytes
        Of the PNG file of the picture, or of the file that is sent.
    picture
        H x W grey levels.
    """

    label: str
    bytes: int
    picture: Levels


@dataclass(frozen=True)
class Row:
    """All that is shown of one image: pictures for the paper's ratio, and files of equal bytes."""

    subject: Subject
    pictures: Sequence[Result]
    files: Sequence[Result]

    def psnr(self, result: Result) -> float:
        """Return the PSNR of a result, in dB."""
        return metrics.psnr(self.subject.original, result.picture)

    def ratio(self, result: Result) -> float:
        """Return the paper's size ratio of a result."""
        return png.size_ratio(result.bytes, self.subject.original_bytes)


def row(subject: Subject, codec: AutoencoderCodec) -> Row:
    """Measure an image: the file of the autoencoder sets how many bytes other files may have."""
    pictures = [Result(_METHODS[name].label, *_METHODS[name].apply(subject)) for name in PICTURES]
    sent = codec.encode(subject.original, QUALITY)
    files = [Result(codec.name, len(sent), codec.decode(sent))]
    for other in (MODULES["jpeg"], MODULES["avif"]):
        data = budget.best_within(other, subject.original, len(sent))
        files.append(Result(other.name, len(data), other.decode(data)))
    return Row(subject, pictures, files)


def rows(names: Iterable[str], codec: AutoencoderCodec) -> list[Row]:
    """Measure images of the excerpt, several at a time."""
    subjects = [excerpt.subject(name) for name in names]
    return list(parallel.map_in_order(partial(row, codec=codec), subjects))


def sheet(measured: Sequence[Row], side: int = 80) -> Picture:
    """Show the middle of each image and of all its results, pixel by pixel: a row per image."""
    return pictures.grid(
        [
            [
                _middle(shown, side)
                for shown in (
                    one.subject.original,
                    *(made.picture for made in one.pictures),
                    *(made.picture for made in one.files),
                )
            ]
            for one in measured
        ]
    )


def hook(one: Row) -> Picture:
    """Show an image, what the autoencoder's file gives back, and a JPEG of no more bytes."""
    return pictures.side_by_side(one.subject.original, *(made.picture for made in one.files[:2]))


def _middle(image: Levels, side: int) -> Levels:
    top, left = ((length - min(side, length)) // 2 for length in image.shape)
    return image[top : top + side, left : left + side]


def by_ratio(measured: Sequence[Row]) -> str:
    """Return the paper's size ratio and the PSNR of each picture that comes out."""
    return table(
        [
            {"image": _name(one.subject.name)}
            | {
                f"{made.label}: {number}": rounded(value, decimals)
                for made in one.pictures
                for number, value, decimals in (
                    ("ratio", one.ratio(made), 3),
                    ("dB", one.psnr(made), 1),
                )
            }
            for one in measured
        ],
        right=[
            f"{made.label}: {number}" for made in measured[0].pictures for number in ("ratio", "dB")
        ],
    )


def by_bytes(measured: Sequence[Row]) -> str:
    """Return the bytes of the autoencoder's file and what each codec makes of as many, in dB."""
    labels = [f"{made.label}: dB" for made in measured[0].files]
    return table(
        [
            {"image": _name(one.subject.name), "bytes at most": f"{one.files[0].bytes:,d}"}
            | {f"{made.label}: dB": rounded(one.psnr(made), 1) for made in one.files}
            for one in measured
        ],
        right=["bytes at most", *labels],
    )


def _name(name: str) -> str:
    """Return an image's name without its folders: they are in it."""
    return name.rpartition("/")[2].removesuffix(".jpg").replace("_", " ")


def facts(measured: Sequence[Row]) -> dict[str, float]:
    """Return what prose says of the images: means, and how often the one beats the other."""
    return {
        **{
            f"ratio_{name}": float(np.mean([one.ratio(one.pictures[place]) for one in measured]))
            for place, name in enumerate(("autoencoder", "blur", "grey"))
        },
        **{
            f"psnr_{name}": float(np.mean([one.psnr(one.files[place]) for one in measured]))
            for place, name in enumerate(("autoencoder", "jpeg", "avif"))
        },
        "blur_wins": sum(one.psnr(one.pictures[1]) > one.psnr(one.pictures[0]) for one in measured),
        "jpeg_wins": sum(one.psnr(one.files[1]) > one.psnr(one.files[0]) for one in measured),
        "avif_wins": sum(one.psnr(one.files[2]) > one.psnr(one.files[0]) for one in measured),
        "images": len(measured),
        **{
            f"paper_{name}_{number}": value
            for place, name in enumerate(("autoencoder", "jpeg"))
            for number, value in (
                ("bytes", measured[0].files[place].bytes),
                ("psnr", measured[0].psnr(measured[0].files[place])),
            )
        },
    }
