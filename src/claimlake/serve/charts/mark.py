"""What all charts draw: one value with its words and its link."""

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True)
class Mark:
    """One value of a chart."""

    label: str
    value: float | None
    text: str
    """The value as read, with unit."""
    href: str = ""
    note: str = ""
    """A second line for the reader, such as numerator and denominator."""
    tick: str = ""
    """A short label for an axis."""
    is_uncertain: bool = False
    """Drawn hollow and dashed: read it with care, the note says why."""

    @property
    def speech(self) -> str:
        """The mark in one line for a screen reader and the tooltip."""
        note = f", {self.note}" if self.note else ""
        return f"{self.label}: {self.text}{note}"


def shortened(label: str, most: int) -> str:
    """The label when it has room, else its beginning and an ellipsis; the mark's speech has it in full."""
    return label if len(label) <= most else label[: most - 1].rstrip(" ,.") + "…"


LETTER = 6.3
"""Width of an average letter of a row label."""


def label_width(labels: Iterable[str], most: int) -> float:
    """Room for the longest label, none longer than `most` letters."""
    return 18 + LETTER * max((min(len(label), most) for label in labels), default=0)


def linked(mark: Mark, body: Markup) -> Markup:
    """Wrap a shape in its link with a text alternative; a mark without a link is a plain group."""
    title = Markup("<title>{}</title>").format(mark.speech)
    if not mark.href:
        return Markup('<g class="mark" role="img" aria-label="{}">{}{}</g>').format(mark.speech, title, body)
    return Markup('<a class="mark" href="{}" aria-label="{}">{}{}</a>').format(
        mark.href, mark.speech, title, body
    )


def drawing(kind: str, title: str, width: int, height: int, parts: Iterable[Markup]) -> Markup:
    """Return the SVG element; marks stay reachable by keyboard because the role is a group, not an image."""
    return Markup(
        '<svg class="chart chart-{}" viewBox="0 0 {} {}" width="{}" height="{}"'
        ' role="group" aria-label="{}">{}</svg>'
    ).format(kind, width, height, width, height, title, Markup("").join(parts))
