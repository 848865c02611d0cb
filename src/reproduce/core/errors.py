"""The exceptions for what a user can mend."""

from pathlib import Path


class ReproduceError(Exception):
    """A user's mistake or a missing precondition; its message names the thing and the way out.

    The command line prints the message alone, without a traceback, and exits with 1.
    """


class DivergedError(ReproduceError):
    """A training whose loss is no number any more.

    It is so each time, and kept like what a training gives: of a study it is a result.

    Attributes
    ----------
    folder
        The artifact that says so, once there is one.
    """

    def __init__(self, message: str, folder: Path | None = None) -> None:
        super().__init__(message)
        self.folder = folder


class CodecError(ReproduceError):
    """What can't be compressed, or is no compressed image, or a damaged one."""
