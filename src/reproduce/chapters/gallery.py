"""Twelve photographs by all measures: by the paper's ratio, and by files of the same bytes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import mean

from reproduce.chapters import pictures
from reproduce.chapters.pictures import Picture
from reproduce.chapters.text import rounded
from reproduce.core import parallel
from reproduce.core.markdown import table
from reproduce.measure import metrics, png
from reproduce.measure.rates import budget
from reproduce.measure.rates.autoencoder import AUTOENCODER, AutoencoderCodec
from reproduce.measure.rates.codecs import MODULES
from reproduce.measure.size_ratio.methods import METHODS
from reproduce.measure.subject import Levels, Subject
from reproduce.results import excerpt

QUALITY = 8
"""Of the autoencoder's file: steps of 1/8."""

PICTURES = ("autoencoder", "blur-1", "mid-grey")
"""What the paper's ratio is taken of (`measure.size_ratio.methods`)."""

CODECS = ("jpeg", "avif")
"""What has the bytes of the autoencoder's file (`measure.rates.codecs`)."""

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
    """All that is shown of one image: pictures for the paper's ratio, and files of equal bytes.

    Both by the names of `PICTURES`, and of the autoencoder and `CODECS`.
    """

    subject: Subject
    pictures: Mapping[str, Result]
    files: Mapping[str, Result]

    def psnr(self, result: Result) -> float:
        """Return the PSNR of a result, in dB."""
        return metrics.psnr(self.subject.original, result.picture)

    def ratio(self, result: Result) -> float:
        """Return the paper's size ratio of a result."""
        return png.size_ratio(result.bytes, self.subject.original_bytes)


def row(subject: Subject, codec: AutoencoderCodec) -> Row:
    """Measure an image: the file of the autoencoder sets how many bytes other files may have."""
    shown = {
        name: Result(_METHODS[name].label, *_METHODS[name].apply(subject)) for name in PICTURES
    }
    sent = codec.encode(subject.original, QUALITY)
    files = {AUTOENCODER: Result(codec.name, len(sent), codec.decode(sent))}
    for name in CODECS:
        other = MODULES[name]
        data = budget.best_within(other, subject.original, len(sent))
        files[name] = Result(other.name, len(data), other.decode(data))
    return Row(subject, shown, files)


def rows(names: Iterable[str], codec: AutoencoderCodec) -> list[Row]:
    """Measure images of the excerpt, several at a time."""
    subjects = [excerpt.subject(name) for name in names]
    return list(parallel.map_in_order(partial(row, codec=codec), subjects))


def sheet(measured: Sequence[Row], side: int = 80) -> Picture:
    """Show the middle of each image and of all its results, pixel by pixel: a row per image."""
    shown = [
        [
            pictures.middle(picture, side)
            for picture in (
                one.subject.original,
                *(made.picture for made in one.pictures.values()),
                *(made.picture for made in one.files.values()),
            )
        ]
        for one in measured
    ]
    of_ratio, of_bytes = ("; ".join(_means(measured, of)) for of in ("pictures", "files"))
    return pictures.grid(
        shown,
        f"A grid of {len(measured)} rows of leaves. From left to right the photograph; for the "
        f"paper's ratio {of_ratio}; from files {of_bytes} (means of PSNR).",
    )


def _means(measured: Sequence[Row], of: str) -> list[str]:
    """Say how near to the images the results of a kind are: label and mean PSNR of each."""
    found = []
    for name, made in getattr(measured[0], of).items():
        psnr = mean(one.psnr(getattr(one, of)[name]) for one in measured)
        found.append(f"{made.label}, {psnr:.2f} dB")
    return found


def hook(one: Row) -> Picture:
    """Show an image, what the autoencoder's file gives back, and a JPEG of no more bytes."""
    own, jpeg = (one.files[name] for name in (AUTOENCODER, "jpeg"))
    return pictures.side_by_side(
        {
            "original": one.subject.original,
            "autoencoder": own.picture,
            "JPEG, same bytes": jpeg.picture,
        },
        f"leaves of beans. From {own.bytes:,} bytes the autoencoder gives them back blurred, "
        f"{one.psnr(own):.2f} dB, and JPEG from {jpeg.bytes:,} with more of their texture, "
        f"{one.psnr(jpeg):.2f} dB.",
    )


def by_ratio(measured: Sequence[Row]) -> str:
    """Return the paper's size ratio and the PSNR of each picture that comes out."""
    return table(
        [
            {"image": _name(one.subject.name)}
            | {
                f"{made.label}: {number}": rounded(value, decimals)
                for made in one.pictures.values()
                for number, value, decimals in (
                    ("ratio", one.ratio(made), 3),
                    ("dB", one.psnr(made), 2),
                )
            }
            for one in measured
        ],
        right=[
            f"{made.label}: {number}"
            for made in measured[0].pictures.values()
            for number in ("ratio", "dB")
        ],
    )


def by_bytes(measured: Sequence[Row]) -> str:
    """Return the bytes of the autoencoder's file and what each codec makes of as many, in dB."""
    labels = [f"{made.label}: dB" for made in measured[0].files.values()]
    return table(
        [
            {
                "image": _name(one.subject.name),
                "bytes at most": f"{one.files[AUTOENCODER].bytes:,d}",
            }
            | {f"{made.label}: dB": rounded(one.psnr(made), 2) for made in one.files.values()}
            for one in measured
        ],
        right=["bytes at most", *labels],
    )


def _name(name: str) -> str:
    """Return an image's name without its folders: they are in it."""
    return name.rpartition("/")[2].removesuffix(".jpg").replace("_", " ")


def facts(measured: Sequence[Row]) -> dict[str, float]:
    """Return what prose says of the images: means, how often one beats another, the paper's image.

    The paper's image is the first.
    """
    first = measured[0]
    names = {"autoencoder": "autoencoder", "blur": "blur-1", "grey": "mid-grey"}
    return {
        "images": len(measured),
        **{
            f"ratio_{name}": mean(one.ratio(one.pictures[of]) for one in measured)
            for name, of in names.items()
        },
        **{f"psnr_{of}": mean(one.psnr(one.files[of]) for one in measured) for of in first.files},
        "blur_wins": sum(
            one.psnr(one.pictures["blur-1"]) > one.psnr(one.pictures[AUTOENCODER])
            for one in measured
        ),
        **{
            f"{of}_wins": sum(
                one.psnr(one.files[of]) > one.psnr(one.files[AUTOENCODER]) for one in measured
            )
            for of in CODECS
        },
        **{f"paper_{of}_bytes": made.bytes for of, made in first.files.items()},
        **{f"paper_{of}_psnr": first.psnr(made) for of, made in first.files.items()},
    }
