"""A second decoder of the file format, written from its page in the book alone.

Pure Python: no NumPy, no library for entropy coding, nothing of `reproduce`. It is slow and plain,
and refuses nothing; what it shows is that the page says enough, and that integers are all it takes.
"""

import ast
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

Latent = list[list[int]]
Tables = list[list[int]]

WEIGHTS = (11, 11, -5, 2, -1, -2)  # of W, N, NW, NE, WW, NN
BOUNDS = [4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512, 724, 1024, 1448, 2048, 2896]
BOUNDS += [4096, 5793, 8192, 11585, 16384]


def read_tables(file: Path) -> Tables:
    """Read an array of 208 x 61 integers of 32 bits from a file in NumPy's format."""
    data = file.read_bytes()
    assert data[:8] == b"\x93NUMPY\x01\x00"
    (length,) = struct.unpack_from("<H", data, 8)
    about = ast.literal_eval(data[10 : 10 + length].decode("latin1"))
    assert about == {"descr": "<u4", "fortran_order": False, "shape": (208, 61)}
    values = struct.unpack_from(f"<{208 * 61}I", data, 10 + length)
    return [list(values[61 * row : 61 * (row + 1)]) for row in range(208)]


def read_file(data: bytes, tables: Tables) -> Latent:
    """Return the latent of a file."""
    fields = struct.unpack_from("<4sBB8sHHIII", data)
    magic, version, _, _, width, height, _, length, checksum = fields
    payload = data[30:]
    assert (magic, version, length) == (b"\x89CAE", 1, len(payload))
    assert zlib.crc32(data[:26] + payload) == checksum
    return decode(payload, (height + 1) // 2, (width + 1) // 2, tables)


def read_file_of_version_2(data: bytes, tables: list[Tables]) -> list[Latent]:
    """Return the channels of the latent of a file of version 2."""
    fields = struct.unpack_from("<4sBB8sHHIBBII", data)
    magic, version, _, _, width, height, _, channels, stride, length, checksum = fields
    payload = data[32:]
    assert (magic, version, length) == (b"\x89CAE", 2, len(payload))
    assert zlib.crc32(data[:28] + payload) == checksum
    assert channels == len(tables)
    stack = Stack(payload)
    rows, columns = -(-height // stride), -(-width // stride)
    latents = [decode_channel(stack, rows, columns, of_channel) for of_channel in tables]
    assert (stack.state, stack.words) == (1 << 32, [])
    return latents


def decode(payload: bytes, height: int, width: int, tables: Tables) -> Latent:
    """Return the latent of a payload."""
    stack = Stack(payload)
    latent = decode_channel(stack, height, width, tables)
    assert (stack.state, stack.words) == (1 << 32, [])
    return latent


def decode_channel(stack: "Stack", height: int, width: int, tables: Tables) -> Latent:
    """Take a channel of a latent from the stack."""
    latent = [[0] * width for _ in range(height)]
    errors = [[0] * width for _ in range(height)]
    for wave in waves(height, width):
        predictions = [predict(*neighbours(latent, y, x)) for y, x in wave]
        tokens = [
            stack.token(tables[context(latent, errors, y, x, predicted)])
            for (y, x), predicted in zip(wave, predictions, strict=True)
        ]
        residuals = [residual(token, stack) for token in tokens]
        for (y, x), predicted, rest in zip(wave, predictions, residuals, strict=True):
            latent[y][x] = predicted // 16 + rest
            errors[y][x] = abs(16 * latent[y][x] - predicted)
    return latent


class Stack:
    """The entropy coder: a state of 64 bits over a stack of words of 32 bits."""

    def __init__(self, payload: bytes) -> None:
        self.words = list(struct.unpack(f"<{len(payload) // 4}I", payload))
        self.state = self.words.pop() << 32 | self.words.pop()

    def token(self, frequencies: list[int]) -> int:
        """Take a token from the stack."""
        place = self.state % (1 << 24)
        token = start = 0
        while place >= start + frequencies[token]:
            start += frequencies[token]
            token += 1
        self._drop(frequencies[token], place - start)
        return token

    def bits(self, count: int) -> int:
        """Take raw bits from the stack."""
        frequency = 1 << (24 - count)
        place = self.state % (1 << 24)
        self._drop(frequency, place % frequency)
        return place // frequency

    def _drop(self, frequency: int, rest: int) -> None:
        self.state = (self.state >> 24) * frequency + rest
        if self.state < 1 << 32 and self.words:
            self.state = self.state << 32 | self.words.pop()


def waves(height: int, width: int) -> Iterator[list[tuple[int, int]]]:
    """Yield the places of each wave, y and x."""
    for wave in range(width + 2 * (height - 1)):
        yield [(y, wave - 2 * y) for y in range(height) if 0 <= wave - 2 * y < width]


def neighbours(values: Latent, y: int, x: int) -> tuple[int, ...]:
    """Return W, N, NW, NE, WW and NN of a place; beyond a border stands what the page says."""
    if x == y == 0:
        return (0,) * 6
    row, above = values[y], values[y - 1]
    w = row[x - 1] if x else above[x]
    n = above[x] if y else w
    nw = above[x - 1] if x and y else n if y else w
    ne = above[x + 1] if y and x + 1 < len(row) else n
    ww = row[x - 2] if x >= 2 else w
    nn = values[y - 2][x] if y >= 2 else n
    return w, n, nw, ne, ww, nn


def predict(*beside: int) -> int:
    """Return the prediction in sixteenths."""
    weighted = sum(weight * value for weight, value in zip(WEIGHTS, beside, strict=True))
    w, n, _, ne, *_ = beside
    return max(16 * min(w, n, ne), min(weighted, 16 * max(w, n, ne)))


def context(latent: Latent, errors: Latent, y: int, x: int, predicted: int) -> int:
    """Return the number of the table that a token is coded with."""
    w, n, nw, ne, *_ = neighbours(latent, y, x)

    def error(row: int, column: int) -> int:
        inside = row >= 0 and 0 <= column < len(errors[0])
        return errors[row][column] if inside else 0

    energy = 16 * (abs(w - nw) + abs(n - nw) + abs(n - ne))
    energy += 2 * error(y, x - 1) + 2 * error(y - 1, x) + error(y - 1, x - 1) + error(y - 1, x + 1)
    return 8 * sum(bound <= energy for bound in BOUNDS) + predicted % 16 // 2


def residual(token: int, stack: Stack) -> int:
    """Return the residual of a token, and take the raw bits that it leaves open."""
    if token < 32:
        u = token
    elif token < 60:
        octave, quarter = divmod(token - 32, 4)
        u = (4 + quarter << octave + 3) + stack.bits(octave + 3)
    else:
        u = stack.bits(17) << 17
        u += stack.bits(17)
    return u // 2 if u % 2 == 0 else -(u + 1) // 2
