"""What the book and the project's papers say, and what it is held against.

A page's file here, `<page>.txt`, lists its statements in the order of the page: a line for each,
and below one or several of them, indented, what they are held against:

    on {gallery.blur_wins:d} of {gallery.images:d} photographs a blur leaves the better picture;
        = gallery.blur_wins > gallery.images / 2
    Lossless compression gives back every pixel exactly
        what the words mean

After `=` stands an expression that has to be true (`tests.statements.facts` has what it may name).
`test` leads to a test that holds the statement, and other lines say in words why no number bears on
it. A statement stands on its page word by word, and statements stand there in this order.

Every word that could be exchanged for another, so that the sentence said something else (`TERMS`),
and every number, pasted number and reference has to stand in a statement. So who writes "better"
says what makes it so, and a record that is made anew is held against the words, too. `python -m
tests.statements PAGE` prints the sentences of a page that are not listed yet.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "index.md", "book/claims.yaml")),
    *sorted((ROOT / "book").glob("*.md")),
    *sorted((ROOT / "notebooks").glob("*.ipynb")),
    *sorted((ROOT / "book" / "drawings").glob("*[!s].svg")),  # rooms.svg is made by a command
]

_WORDS = """
    better worse best worst larger largest smaller smallest more most less least fewer fewest
    greater greatest higher highest lower lowest above below upper nearer nearest near far further
    finer finest coarser darker darkest brighter brightest lighter louder dark bright longer longest
    shorter shortest faster slower sharper wider narrower deeper stronger weaker much many little
    few left right top bottom last half halves twice double doubled doubling halved halving quarter
    third tenth eighth fifth fifths hundredth rises? falls? grows? grown shrinks? gains? loses? lost
    wins? helps? harms? equal same identical different opposite all every none only alone both
    neither either nor nothing never always not no without cannot hardly nearly almost exactly
    within beyond inside outside
    lossless lossy clip clips clipped stretch stretched black white encoders? decoders? rows?
    columns? width height validation PSNR SSIM MS-SSIM JPEG WebP AVIF minimum maximum median
    average positive negative absolute signed noisy clean
    MB GB TB KB minutes hours days zero two three four five six seven eight nine ten eleven twelve
    fifteen twenty thirty hundreds? thousands? millions?
    subtracts? multiplied divided divides horizontal vertical reproduced partly
    first second next before after originals? reconstructions? training trained tests? means? bytes
    bits pixels? seeds? steps? inputs? outputs?
"""
TERMS = re.compile(
    r"\{[^}]*\}|\[[\w-]+\]|\$[^$]*[=<>+\\][^$]*\$|\d[\d.,/]*(?<![.,/])|\b\w+n't\b"
    rf"|(?<![\w-])(?:{'|'.join(_WORDS.split())})(?![\w-])",
    re.IGNORECASE,
)

_ROLE = re.compile(r"\{([a-z:-]+)\}`([^`]*)`")
_FENCE = re.compile(r"^(`{3,})(\{?)([\w-]*)\}?(.*?)^\1$", re.MULTILINE | re.DOTALL)
_SENTENCE = re.compile(r"(?<![A-Z]\.)(?<=[^\d ][.;?!]) |(?<=\w\d[.;?!]) |(?<=[.?!][”)]) ")


@cache
def says(path: Path) -> str:
    """Return what a page says: a line for each paragraph, item and row of a table.

    Markup is gone. Pasted numbers stand as `{key:format}`, references as `[target]`; of code the
    comments are left. What a command fills in is left out: it is tested as such.
    """
    text = markdown(path)
    text = re.sub(r"<!-- verdicts -->.*?<!-- /verdicts -->", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"\$\$(.*?)\$\$", r"\n\n$\1$\n\n", text, flags=re.DOTALL)
    text = _ROLE.sub(_shown, _FENCE.sub(_comments, text))
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)  # the words of a link
    text = re.sub(r"^(\s*[-#>]+ |\s*\d\. |:\w+:.*)", "\n\n", text, flags=re.MULTILINE)
    text = re.sub(r"(?<!\s)\*+|\*+(?!\s)|`+", "", text)
    blocks = re.split(r"\n\s*\n|\n(?=\||: )", text)
    return "\n".join(line for line in (" ".join(block.split()) for block in blocks) if line)


def markdown(path: Path) -> str:
    """Return the Markdown of a page: of a notebook with captions, and what its code says."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".yaml":
        return "\n\n".join(_claims(yaml.safe_load(text)))
    if path.suffix == ".svg":
        return "\n\n".join(re.findall(r"<(?:title|desc)[^>]*>([^<]*)<", text))
    if path.suffix != ".ipynb":
        return text
    parts = []
    for cell in nbformat.reads(text, as_version=4).cells:
        caption = cell.metadata.get("mystnb", {}).get("figure", {}).get("caption", "")
        parts += (
            [cell.source] if cell.cell_type == "markdown" else [*_written(cell.source), caption]
        )
    return "\n\n".join(parts)


def _written(code: str) -> Iterator[str]:
    """Yield what a cell's code says in sentences."""
    lines = "\n".join(line for line in code.splitlines() if not line.startswith("%"))
    for node in ast.walk(ast.parse(lines)):
        if isinstance(node, ast.Constant) and len(str(node.value).split()) > 5:
            yield str(node.value)


def _claims(listed: list[dict[str, Any]]) -> Iterator[str]:
    """Yield what each claim says, and below it what each of its checks says: a row for each."""
    for claim in listed:
        told = [f"{key}: {claim[key]}" for key in claim if key not in ("name", "checks", "shown")]
        shown = " ".join(claim["shown"].values())
        yield f"| {claim['name']} | {'; '.join(told)} | {shown} |"
        for check in claim.get("checks", ()):
            yield "| – | " + "; ".join(f"{key}: {value}" for key, value in check.items()) + " |"


def _shown(role: re.Match[str]) -> str:
    """Return what stands for a role."""
    kind, content = role.groups()
    if kind == "glue:text":
        place, _, key = content.rpartition("::")
        return f"{{{Path(place).stem + '.' if place else ''}{key}}}"
    text, _, target = content.rstrip(">").rpartition("<")
    if kind == "term":
        return text.strip() or target
    return f"{text}[{re.split('[/.]', target)[-1]}]"


def _comments(fence: re.Match[str]) -> str:
    """Return what is left of a block: of a directive its text, of code its comments, else all."""
    _, directive, language, content = fence.groups()
    if directive:
        about, _, text = content.partition("\n")
        alt = "".join(re.findall(r"^:alt: .*$", text, re.MULTILINE)).replace(":alt:", "")
        return f"\n\n{about if '/' not in about else alt}\n\n{_FENCE.sub(_comments, text)}\n\n"
    if language in ("", "text"):
        return content.strip().replace("\n", "\n\n")
    return "\n\n".join(re.findall(r"(?:^|\s)# ?(.+)$", content, re.MULTILINE))


@dataclass(frozen=True)
class Statement:
    """A statement of a page, and what it is held against."""

    text: str
    evidence: str


def listed(path: Path) -> list[Statement]:
    """Return the statements that are listed of a page."""
    file = FOLDER / f"{path.stem}.txt"
    found: list[Statement] = []
    waiting: list[str] = []
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        if line.startswith("    "):
            assert waiting, f"{file.name}: {line.strip()!r} stands below no statement"
            found += [Statement(text, line.strip()) for text in waiting]
            waiting = []
        elif line:
            waiting.append(line)
    assert not waiting, f"{file.name}: held against nothing: {waiting}"
    return found


def found_on(text: str, statements: list[Statement]) -> tuple[list[slice], list[str]]:
    """Return where statements stand in a text, one after the other, and those that don't."""
    places, missing, start = [], [], 0
    for statement in statements:
        place = text.find(statement.text, start)
        if place < 0:
            missing.append(statement.text)
        else:
            start = place + len(statement.text)
            places.append(slice(place, start))
    return places, missing


def not_listed(path: Path) -> list[str]:
    """Return the sentences of a page that have to be listed and are not: whole rows of tables.

    Those are all that stand in no statement; of chapters, the ones with a term that doesn't.
    """
    text = says(path)
    covered = bytearray(len(text))
    for place in found_on(text, listed(path))[0]:
        covered[place] = b"\1" * len(covered[place])
    counts = TERMS if path.suffix == ".ipynb" else re.compile(r"\w+")
    found, start = [], 0
    for end in _ends(text):
        terms = counts.finditer(text, start, end)
        if any(not all(covered[term.start() : term.end()]) for term in terms):
            found.append(text[start:end].strip())
        start = end
    return found


def _ends(text: str) -> Iterator[int]:
    """Yield where the sentences of a text end."""
    for line in re.finditer(r"[^\n]*\n?", text):
        if not line[0].startswith("|"):
            for place in _SENTENCE.finditer(text, line.start(), line.end()):
                yield place.start()
        yield line.end()
