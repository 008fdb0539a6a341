"""docs/concept.svg, the picture of the concept in the README.

What an orchestrator asks for goes from left to right, and what is seen comes back below it.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

from generators.made import DOCS, Made

PICTURE = DOCS / "concept.svg"

WIDTH, HEIGHT = 1144, 424
CARD, GAP, MARGIN = 168, 64, 24
TOP, BOTTOM = 72, 276
CARD_HEIGHT = 108
FRAME = 12  # between the core's border and its cards

STYLE = """
    text { font-family: system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #57606a; }
    .title { font-size: 16px; font-weight: 600; fill: #1f2328; }
    .line { font-size: 13px; }
    .label { font-size: 12px; font-style: italic; }
    .ground { fill: #ffffff; }
    .core { fill: #f3f6fa; stroke: #d0d7de; }
    .card { fill: #ffffff; stroke: #afb8c1; stroke-width: 1.2; }
    .theirs { stroke-dasharray: 5 4; }
    .asked { stroke: #0969da; }
    .seen { stroke: #1a7f37; }
    .asked, .seen { fill: none; stroke-width: 2; }
    .asked-head { fill: #0969da; }
    .seen-head { fill: #1a7f37; }
    @media (prefers-color-scheme: dark) {
      text { fill: #9da7b1; }
      .title { fill: #f0f3f6; }
      .ground { fill: #0d1117; }
      .core { fill: #151b23; stroke: #3d444d; }
      .card { fill: #1e252e; stroke: #57606a; }
      .asked { stroke: #58a6ff; }
      .seen { stroke: #3fb950; }
      .asked-head { fill: #58a6ff; }
      .seen-head { fill: #3fb950; }
    }
"""

TITLE = "From an orchestrator to a backend and back"
DESCRIPTION = (
    "An orchestrator calls Vca, which gives it a connector; the connector calls the hooks of its backend, which talks "
    "to its own system. What the backend sees goes through the outbox into the status store, and from there to "
    "on_update_db and to extensions."
)


@dataclass(frozen=True)
class Card:
    """A box with a title and a few lines."""

    column: int
    top: int
    title: str
    lines: tuple[str, ...]
    style: str = "card"

    @property
    def left(self) -> int:
        """Where it begins."""
        return MARGIN + self.column * (CARD + GAP)

    @property
    def middle(self) -> int:
        """Its middle, from above."""
        return self.top + CARD_HEIGHT // 2

    def draw(self) -> str:
        """Its elements."""
        x = self.left + CARD // 2
        y = self.middle - 10 * len(self.lines) + 1
        made = [
            (
                f'<rect class="{self.style}" x="{self.left}" y="{self.top}" '
                f'width="{CARD}" height="{CARD_HEIGHT}" rx="10"/>'
            ),
            f'<text class="title" x="{x}" y="{y}" text-anchor="middle">{escape(self.title)}</text>',
        ]
        for number, line in enumerate(self.lines, start=1):
            made.append(
                f'<text class="line" x="{x}" y="{y + 2 + 20 * number}" text-anchor="middle">{escape(line)}</text>'
            )
        return "\n".join(made)


ORCHESTRATOR = Card(0, TOP, "orchestrator", ("your own program,", "OSM's LCM, or", "the command vca"))
VCA = Card(1, TOP, "Vca", ("one config, one store,", "any number of", "connectors by name"))
CONNECTOR = Card(2, TOP, "connector", ("arguments, names,", "locks, deadlines,", "errors, the outcome"))
BACKEND = Card(3, TOP, "backend", ("a plugin: one class", "with a hook for each", "operation it can do"))
SYSTEM = Card(4, TOP, "its own system", ("a Juju controller,", "memory (the fake),", "or any other"), "card theirs")
OUTBOX = Card(2, BOTTOM, "outbox", ("one queue for each EE,", "nothing out of order", "and no outcome lost"))
STORE = Card(1, BOTTOM, "status store", ("memory, a file,", "or the database", "that you have"))
LISTENERS = Card(0, BOTTOM, "on_update_db", ("and extensions are", "called after each", "stored status"), "card theirs")
CARDS = (ORCHESTRATOR, VCA, CONNECTOR, BACKEND, SYSTEM, OUTBOX, STORE, LISTENERS)


def arrow(kind: str, path: str, label: str, x: int, y: int) -> str:
    """A line with a head, and its label."""
    return (
        f'<path class="{kind}" d="{path}" marker-end="url(#{kind})"/>\n'
        f'<text class="label" x="{x}" y="{y}" text-anchor="middle">{escape(label)}</text>'
    )


def aside(left: Card, right: Card) -> int:
    """How far a label between two cards is moved, so that it does not stand on the core's border."""
    if left.column == 0:
        return -FRAME // 2
    return FRAME // 2 if right.column == 3 else 0


def rightwards(start: Card, end: Card, label: str) -> str:
    """What is asked for, from one card to the next."""
    x = start.left + CARD + GAP // 2 + aside(start, end)
    return arrow("asked", f"M{start.left + CARD + 6} {start.middle}H{end.left - 10}", label, x, start.middle - 10)


def leftwards(start: Card, end: Card, label: str) -> str:
    """What is seen, from one card to the next."""
    x = start.left - GAP // 2 + aside(end, start)
    return arrow("seen", f"M{start.left - 6} {start.middle}H{end.left + CARD + 10}", label, x, start.middle - 10)


def head(kind: str) -> str:
    """The head of an arrow."""
    return (
        f'<marker id="{kind}" viewBox="0 0 10 10" refX="7" refY="5" markerWidth="12" markerHeight="12" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path class="{kind}-head" d="M0 0.5L9 5L0 9.5z"/></marker>'
    )


def picture() -> str:
    """The whole picture."""
    left, right = VCA.left - FRAME, CONNECTOR.left + CARD + FRAME
    legend = SYSTEM.left - 56
    down, back = BACKEND.left + CARD // 2, ORCHESTRATOR.left + CARD // 2
    arrows = [
        rightwards(ORCHESTRATOR, VCA, "calls"),
        rightwards(VCA, CONNECTOR, "gives"),
        rightwards(CONNECTOR, BACKEND, "hooks"),
        rightwards(BACKEND, SYSTEM, "asks"),
        arrow(
            "seen",
            f"M{down} {TOP + CARD_HEIGHT + 6}V{OUTBOX.middle - 14}Q{down} {OUTBOX.middle} {down - 14} {OUTBOX.middle}"
            f"H{OUTBOX.left + CARD + 10}",
            "reports",
            OUTBOX.left + CARD + GAP // 2 + 26,
            OUTBOX.middle - 10,
        ),
        leftwards(OUTBOX, STORE, "writes"),
        leftwards(STORE, LISTENERS, "then"),
        arrow(
            "seen",
            f"M{back} {BOTTOM - 6}V{TOP + CARD_HEIGHT + 10}",
            "report",
            back + 20,
            (TOP + CARD_HEIGHT + BOTTOM) // 2,
        ),
    ]
    keys = [
        f'<path class="{kind}" d="M{legend} {y}h34" marker-end="url(#{kind})"/>'
        f'<text class="line" x="{legend + 50}" y="{y + 4}">{words}</text>'
        for kind, y, words in (
            ("asked", OUTBOX.middle - 14, "what is asked for"),
            ("seen", OUTBOX.middle + 16, "what is seen"),
        )
    ]
    elements = [
        f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}" rx="12"/>',
        f'<rect class="core" x="{left}" y="24" width="{right - left}" height="{HEIGHT - 48}" rx="14"/>',
        f'<text class="title" x="{left + FRAME + 2}" y="54">the core: vca-core</text>',
        *(card.draw() for card in CARDS),
        *arrows,
        *keys,
    ]
    body = "\n".join(elements)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" aria-labelledby="title what">\n'
        f'<title id="title">{TITLE}</title>\n<desc id="what">{DESCRIPTION}</desc>\n<style>{STYLE}</style>\n'
        f"<defs>{head('asked')}{head('seen')}</defs>\n{body}\n</svg>\n"
    )


def generate() -> Made:
    """Draw the picture."""
    return Made({PICTURE: picture()})
