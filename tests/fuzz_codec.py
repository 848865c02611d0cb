"""Feed the decoder with files that a coverage-guided fuzzer makes of the golden ones: `make fuzz`.

    python -m tests.fuzz_codec SECONDS

A file either is decoded or refused with a CodecError; all else is a finding, and so are ten seconds
for one small file. Inputs that reach new code are kept in build/fuzz/corpus, and the input of a
finding in build/fuzz.
"""

import argparse
import shutil
import struct
import sys
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np

try:
    import atheris
except ImportError:
    sys.exit("error: the fuzzer atheris has no wheel for this system; use Linux on x86-64")

# The fuzzer learns from the branches of what is imported here.
with atheris.instrument_imports(include=["reproduce"]):
    from reproduce.codec import entropy, fileformat, models
    from reproduce.core.errors import CodecError

GOLDEN = Path(__file__).with_name("golden")
BUILD = Path(__file__).parents[1] / "build" / "fuzz"

MOST_VALUES = 4096
"""Larger latents only take longer."""

LONGEST = 4096
"""In bytes."""


def check(data: bytes) -> None:
    """Read a file as it is, then with magic, version, length and checksum made to agree."""
    for file in (data, repaired(data)):
        with suppress(CodecError):
            read(file)


def read(data: bytes) -> None:
    """Decode a file; what is decoded can be encoded, and then comes back."""
    header, payload = fileformat.unpack(data)
    shape = header.latent_shape
    if shape[0] * shape[1] > MOST_VALUES:
        return
    tables = models.shipped().tables
    latent = entropy.decode(payload, shape, tables)
    again = entropy.decode(entropy.encode(latent, tables), shape, tables)
    if not np.array_equal(again, latent):
        raise AssertionError("what was decoded and encoded comes back otherwise")


def repaired(data: bytes) -> bytes:
    """Return a file that gets past the header's own checks more often than not."""
    fields, payload = data[5:22].ljust(17, b"\1"), data[fileformat.HEADER_BYTES :]
    start = fileformat.MAGIC + bytes([1]) + fields
    start += struct.pack("<I", len(payload))
    return start + struct.pack("<I", zlib.crc32(start + payload)) + payload


def main() -> None:
    """Fuzz for the given time."""
    parser = argparse.ArgumentParser()
    parser.add_argument("seconds", type=int)
    seconds = parser.parse_args().seconds
    corpus = BUILD / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for file in GOLDEN.glob("*.cae"):
        shutil.copy(file, corpus)
    limits = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-timeout=10"]
    limits += ["-rss_limit_mb=0"]  # atheris itself grows by some kilobytes with each input
    report = ["-print_final_stats=1", f"-artifact_prefix={BUILD}/"]
    atheris.Setup([sys.argv[0], str(corpus), *limits, *report], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
