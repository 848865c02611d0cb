"""The rooms of this package and which uses which, drawn from the imports."""

import math
from collections import Counter
from html import escape

from reproduce.core.sources import NAME, Tree

ROOMS = {
    "cli": "the commands",
    "book": "notebooks are executed, pages are made",
    "chapters": "what each chapter shows",
    "results": "records, claims and verdicts, costs",
    "measure": "scores, size ratios, rates and distortion",
    "codec": "latents to files and back",
    "models": "registered models and their training",
    "data": "photographs to grey arrays",
    "core": "parameters, stages, the store, the sources",
}
"""From the top down: each uses only those below it."""

WIDTH, HEIGHT, GAP = 470, 44, 14
ARROWS = 330
"""How wide the space beside the rooms is in which the arrows bend."""


def uses(tree: Tree) -> Counter[tuple[str, str]]:
    """Return how many modules of a room import from another one: (room, other) to number."""
    found: Counter[tuple[str, str]] = Counter()
    for module in tree.modules:
        own = _room(module)
        others = {_room(imported) for imported in tree.imports(module)} - {own, ""}
        found.update((own, other) for other in others if own)
    return found


def _room(module: str) -> str:
    """Return the room of a module; an empty text for the package itself."""
    room = module.removeprefix(NAME).strip(".").partition(".")[0]
    return "cli" if room == "__main__" else room  # the door to the commands


def draw(tree: Tree) -> str:
    """Return the rooms as a drawing in SVG: boxes above each other, arrows from user to used.

    Raises
    ------
    ValueError
        A module stands in no room, or a room uses one above it.
    """
    found = uses(tree)
    order = list(ROOMS)
    unknown = {room for module in tree.modules if (room := _room(module))} - set(order)
    if unknown:
        raise ValueError(f"not in any room: {', '.join(sorted(unknown))}")
    upwards = [pair for pair in found if order.index(pair[0]) > order.index(pair[1])]
    if upwards:
        raise ValueError(f"rooms that use one above them: {upwards}")
    height = len(order) * (HEIGHT + GAP)
    size = f'width="{WIDTH + ARROWS}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + ARROWS} {height}" {size}',
        'role="img" aria-labelledby="title" font-size="15" fill="black"',
        'font-family="DejaVu Sans, Helvetica, Arial, sans-serif">',
        f'<title id="title">{escape(_words(found))}</title>',
        '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8"',
        'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8Z" fill="#555"/></marker>',
        *(_box(row, room) for row, room in enumerate(order)),
        *(
            _arrow(order.index(user), order.index(used), number, len(order))
            for (user, used), number in sorted(found.items())
        ),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _words(found: Counter[tuple[str, str]]) -> str:
    return "; ".join(
        f"{room} uses {', '.join(other for other in ROOMS if (room, other) in found)}"
        for room in ROOMS
        if any(user == room for user, _ in found)
    )


def _box(row: int, room: str) -> str:
    top = row * (HEIGHT + GAP) + GAP / 2
    middle = top + HEIGHT / 2 + 5
    return (
        f'<rect x="1" y="{top}" width="{WIDTH - 2}" height="{HEIGHT}" rx="6" fill="#CFE5F3" '
        f'stroke="black"/><text x="14" y="{middle}" font-weight="bold">{room}</text>'
        f'<text x="110" y="{middle}">{escape(ROOMS[room])}</text>'
    )


def _arrow(user: int, used: int, number: int, rooms: int) -> str:
    """Return an arrow that leaves a room low and meets another high, the farther the wider."""
    start = user * (HEIGHT + GAP) + GAP / 2 + HEIGHT * (0.3 + 0.6 * (rooms - used) / rooms)
    end = used * (HEIGHT + GAP) + GAP / 2 + HEIGHT * (0.1 + 0.6 * (rooms - user) / rooms)
    bend = WIDTH + ARROWS * (used - user) / (rooms - 1) * 1.3
    width = 0.8 + 0.8 * math.log(number)
    return (
        f'<path d="M{WIDTH} {start:.1f}C{bend:.1f} {start:.1f} {bend:.1f} {end:.1f} {WIDTH + 2} '
        f'{end:.1f}" fill="none" stroke="#555" stroke-width="{width:.1f}" '
        'stroke-opacity="0.75" marker-end="url(#head)"/>'
    )
