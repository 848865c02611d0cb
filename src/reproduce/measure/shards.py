"""One of several parts of a sequence of images, as a job takes it."""

import re
from dataclasses import dataclass

from reproduce.core.errors import ReproduceError


@dataclass(frozen=True)
class Part:
    """The `number`-th, counted from 1, of `count` parts, which are as even as can be."""

    number: int
    count: int

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def of(self, images: int) -> range:
        """Return the indices of this part's images, of that many in all.

        Raises
        ------
        ReproduceError
            There are more parts than images.
        """
        if self.count > images:
            raise ReproduceError(
                f"part {self}: {images} images make at most {images} parts; choose fewer parts"
            )
        return range((self.number - 1) * images // self.count, self.number * images // self.count)


def parse(text: str) -> Part:
    """Read a part as typed on a command line.

    >>> parse("2/8")
    Part(number=2, count=8)

    Raises
    ------
    ReproduceError
        It is not of the form NUMBER/COUNT, or there is no part of that number.
    """
    numbers = re.fullmatch(r"([0-9]+)/([0-9]+)", text)
    part = Part(int(numbers[1]), int(numbers[2])) if numbers else Part(0, 0)
    if not 1 <= part.number <= part.count:
        raise ReproduceError(
            f"part {text!r}: write it as NUMBER/COUNT, with a NUMBER from 1 to COUNT; "
            "2/8 is the second of eight parts"
        )
    return part


def every(count: int) -> list[Part]:
    """Return all of `count` parts, in order.

    Raises
    ------
    ReproduceError
        There is not even one.
    """
    if count < 1:
        raise ReproduceError(f"number of parts: {count}; choose 1 or more")
    return [Part(number, count) for number in range(1, count + 1)]
