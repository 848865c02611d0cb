"""The exceptions for what a user can mend."""


class ReproduceError(Exception):
    """A user's mistake or a missing precondition; its message names the thing and the way out.

    The command line prints the message alone, without a traceback, and exits with 1.
    """


class CodecError(ReproduceError):
    """What can't be compressed, or is no compressed image, or a damaged one."""
