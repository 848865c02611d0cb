"""Files of no more than so many bytes: what codecs make of the same budget."""

from collections.abc import Sequence

from reproduce.measure.rates.interface import Codec, Grey

WHOLE_QUALITIES = range(1, 101)
"""What most formats that Pillow writes take for a quality."""


def best_within(
    codec: Codec, image: Grey, most_bytes: int, qualities: Sequence[int] = WHOLE_QUALITIES
) -> bytes:
    """Return the file of the highest quality that has no more than that many bytes.

    Parameters
    ----------
    codec
        Its files grow with the quality.
    image
        H x W grey levels.
    most_bytes
        The budget. If no file is small enough, the smallest one is returned.
    qualities
        Those that are tried, from few bytes to many, by bisection.
    """
    low, high = 0, len(qualities) - 1
    best = codec.encode(image, qualities[low])
    while low < high:
        middle = (low + high + 1) // 2
        data = codec.encode(image, qualities[middle])
        if len(data) <= most_bytes:
            low, best = middle, data
        else:
            high = middle - 1
    return best
