"""The rules of the page on the file format as code, made from the page's own formulas and tables.

What the page says is translated and evaluated, so that it can be held against a decoder: a rule
that is off by one there decodes otherwise here.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PAGE = (Path(__file__).parents[1] / "book" / "file_format.md").read_text(encoding="utf-8")

Latent = list[list[int]]


def table(*head: str) -> list[list[str]]:
    """The rows of the table whose first columns have these names."""
    rows = PAGE.split("| " + " | ".join(head))[1].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def between(before: str, after: str) -> str:
    """What stands on the page, once, between two texts."""
    (found,) = re.findall(re.escape(before) + "(.*?)" + re.escape(after), " ".join(PAGE.split()))
    return str(found)


def python(formula: str) -> str:
    """Return a formula of the page, in LaTeX or in plain text, as an expression of Python."""
    for pattern, code in (
        (r"\\,|\\bigl|\\bigr|\$", " "),
        (r"\\mathrm{(\w+)}", r"\1"),
        (r"\^(?:{([^}]*)}|\(([^)]*)\)|(\w+))", r" ** (\1\2\3)"),
        (r"\\bmod|\bmod\b", "%"),
        (r"\\lceil (\w+)/(\w+) \\rceil", r"-(-\1 // \2)"),
        (r"\\lfloor (.*?) ?/ ?(\w+) \\rfloor", r"(\1) // \2"),
        (r"\|([^|]+)\|", r"abs(\1)"),
        (r"\\le\b|≤", "<="),
        ("÷", "//"),
        ("·", "*"),
        ("−", "-"),
        (r"(?<![\w.])(\d+) *(?=[a-zA-Z(])", r"\1 * "),
        (r"(?<![\w])(\w) (?=\w\b)", r"\1 * "),
    ):
        formula = re.sub(pattern, code, formula)
    return formula.strip()


def value(formula: str, **names: Any) -> Any:
    """Evaluate a formula of the page."""
    return eval(python(formula), {"abs": abs}, names)  # noqa: S307  # of our own page


def neighbours(latent: Latent, y: int, x: int) -> dict[str, int]:
    """The six neighbours of a place by the page's table: where they are, or what stands in."""
    found: dict[str, int] = {}
    rows = {name: (place, other) for name, place, other in table("neighbour", "place")}

    def find(name: str) -> int:
        place, other = rows[name]
        column, row = (value(part, x=x, y=y) for part in place.split(", "))
        if row >= 0 and 0 <= column < len(latent[0]):
            return latent[row][column]
        match = re.fullmatch(r"(?:in the first row (\w+), else )?(\w+)", other)
        assert match is not None, other
        return find(match[1] if match[1] and y == 0 else match[2])

    for name in rows:
        found[name] = 0 if x == y == 0 else find(name)
    return found


def prediction(beside: dict[str, int]) -> int:
    """What the neighbours predict, in sixteenths of a step."""
    plain = value(between("p = ", ", $$"), **beside)
    clamp = re.search(
        r"but not below (\d+) times the least of (.*?), nor above (\d+) times the greatest", PAGE
    )
    assert clamp is not None
    some = [beside[name] for name in re.findall(r"[A-Z]+", clamp[2])]
    return max(int(clamp[1]) * min(some), min(plain, int(clamp[3]) * max(some)))


def error(integer: int, predicted: int) -> int:
    """By how much a place is missed."""
    return int(value(between("that is known is $", "$, with"), v=integer, p=predicted))


def bounds() -> list[int]:
    """The bounds that are counted."""
    return [int(number) for number in between("at most $E$: ```text", "```").split()]


def number_of_table(errors: Latent, beside: dict[str, int], y: int, x: int, predicted: int) -> int:
    """The number of the table that a token is coded with."""
    of_errors = {}
    for name, place, _ in table("neighbour", "place"):
        column, row = (value(part, x=x, y=y) for part in place.split(", "))
        inside = row >= 0 and 0 <= column < len(errors[0])
        of_errors[f"e_{name}"] = errors[row][column] if inside else 0
    rough = value(between("$$ E = ", " $$ says"), **beside, **of_errors)
    words = re.search(r"The number of the table is (\d+) times that count, plus (\$.*?\$)", PAGE)
    assert words is not None
    return int(words[1]) * sum(bound <= rough for bound in bounds()) + value(words[2], p=predicted)


def waves(width: int, height: int) -> Iterator[list[tuple[int, int]]]:
    """The places of each wave, x and y, in the order of the page."""
    rule = between("holds the places with $", "$, the smallest $y$ first").replace("=", "==")
    low = int(between("and $t$ runs from ", " to $"))
    last = value(between(f"runs from {low} to $", "$"), w=width, h=height)
    for t in range(low, last + 1):
        places = ((x, y) for y in range(height) for x in range(width))
        yield [(x, y) for x, y in places if value(rule, x=x, y=y, t=t)]


def folded(residual: int) -> int:
    """The number that stands for a residual."""
    plain, negative = re.findall(r"\$u = ([^$]+)\$", between("A residual $r$ becomes", "negative"))
    return int(value(negative if residual < 0 else plain, r=residual))


def token(u: int) -> tuple[int, list[tuple[int, int]]]:
    """The token of a number, and its raw bits, piece by piece: value and how many bits."""
    (few, _, none), (some, shown, below), (_, greatest, all_digits) = table("value of $u$")
    ends = [
        [int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", row)[:2]] for row in (few, some)
    ]
    if ends[0][0] <= u <= ends[0][1]:
        assert none == "none"
        return u, []
    if ends[1][0] <= u <= ends[1][1]:
        (k,) = [k for k in range(40) if value(some.split("where ")[1].replace("$", ""), u=u, k=k)]
        plain = value(shown.replace("the two binary digits after the first", "digits"), k=k,
            digits=(u >> k - 2) & 3)  # fmt: skip
        count = value(below.split("$")[1], k=k)
        return plain, [(u & (1 << count) - 1, count)]
    digits, upper, lower = map(int, re.findall(r"\d+", all_digits))
    assert digits == upper + lower
    assert all_digits.index("upper") < all_digits.index("lower")
    return int(greatest), [(u >> lower, upper), (u & (1 << lower) - 1, lower)]


def decoder() -> Callable[[list[int]], tuple[Callable[[list[int]], int], Callable[[], Any]]]:
    """The entropy coder of the page: its lines in Python, but for the one in words."""
    (block,) = re.findall(r"```text\n(state = pop\(\).*?)```", PAGE, re.DOTALL)
    lines = [line.split("#")[0].rstrip() for line in block.splitlines()]
    start = python(lines[0].partition("= ")[2])
    body = [line.strip() for line in lines if line.startswith("    ")]
    place, step, refill = (
        next(line for line in body if line.startswith(start)) for start in ("place", "state", "if")
    )
    condition, _, pushed = refill.partition(": ")
    assert condition.endswith(" and words are left")
    assert "find the token with start ≤ place < start + f" in block
    rules = {
        "place": python(place.partition("= ")[2]),
        "step": python(step.partition("= ")[2]),
        "below": python(condition.removeprefix("if ").removesuffix(" and words are left")),
        "pushed": python(pushed.partition("= ")[2]),
    }

    def begin(words: list[int]) -> tuple[Callable[[list[int]], int], Callable[[], Any]]:
        state = eval(start, {"pop": words.pop})  # noqa: S307

        def take(frequencies: list[int]) -> int:
            nonlocal state
            names: dict[str, Any] = {"state": state, "pop": words.pop}
            names["place"] = eval(rules["place"], names)  # noqa: S307
            first, found = 0, 0
            while names["place"] >= first + frequencies[found]:
                first, found = first + frequencies[found], found + 1
            names |= {"start": first, "f": frequencies[found]}
            names["state"] = eval(rules["step"], names)  # noqa: S307
            if words and eval(rules["below"], names):  # noqa: S307
                names["state"] = eval(rules["pushed"], names)  # noqa: S307
            state = names["state"]
            return found

        return take, lambda: state

    return begin
