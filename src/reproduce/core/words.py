"""The words of `make PARAMETERS="…"`, each in quotes for the shell.

    python -m reproduce.core.words "epochs=3 folder='/my photos'" -p

make itself knows no quotes, and a shell would read more into the text than words.
"""

import shlex
import sys
from collections.abc import Sequence

from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import Parameters, explain_unknown, parse_overrides


def quoted(text: str, before: Sequence[str] = ()) -> str:
    """Return the assignments in a text, quoted for a shell.

    Parameters
    ----------
    text
        Words as `name=value`; quotation marks hold together what has spaces, and nothing else in it
        has a meaning.
    before
        Words to put before each of them, as `-p`.

    Raises
    ------
    ReproduceError
        A quotation mark stays open, a word is no assignment, or its name no parameter.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ReproduceError(f"PARAMETERS: {error} in: {text}") from None
    for name in parse_overrides(words):
        if name not in Parameters.model_fields:
            raise ReproduceError(explain_unknown(name))
    return shlex.join(word for assignment in words for word in (*before, assignment))


if __name__ == "__main__":
    try:
        print(quoted(sys.argv[1], sys.argv[2:]))
    except ReproduceError as error:
        sys.exit(f"error: {error}")
