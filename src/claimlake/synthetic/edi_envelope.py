"""X12 interchanges: envelopes, control counts, and the delimiters and line ends partners choose."""

from collections.abc import Iterable
from dataclasses import dataclass

from claimlake.synthetic.calendar import compact


@dataclass(frozen=True, slots=True)
class Style:
    """Delimiters of one partner's files, always declared in the ISA segment."""

    element: str = "*"
    component: str = ":"
    repetition: str = "^"
    terminator: str = "~"
    line_end: str = ""


STANDARD = Style()
LINED = Style(line_end="\n")
WINDOWS = Style(line_end="\r\n")
PIPED = Style("|", ">", "!", "~", "\n")
NEWLINES = Style("*", ":", "^", "\n", "")
STYLES = (STANDARD, LINED, WINDOWS, PIPED, NEWLINES)


@dataclass(frozen=True, slots=True)
class Route:
    """Who sends an interchange to whom."""

    sender: str
    receiver: str


def transaction(code: str, control: int, implementation: str, body: Iterable[str]) -> str:
    """One ST..SE set around the body's segments, in standard delimiters."""
    text = "".join(body)
    head = f"ST*{code}*{control:04d}*{implementation}~" if implementation else f"ST*{code}*{control:04d}~"
    return f"{head}{text}SE*{text.count('~') + 2}*{control:04d}~"


def interchange(
    route: Route, day: int, clock: str, control: int, functional: str, version: str, transactions: list[str]
) -> str:
    """One ISA..IEA with one functional group, in standard delimiters."""
    ymd = compact(day)
    return (
        f"ISA*00*          *00*          *ZZ*{route.sender:<15}*ZZ*{route.receiver:<15}"
        f"*{ymd[2:]}*{clock}*^*00501*{control:09d}*0*P*:~"
        f"GS*{functional}*{route.sender}*{route.receiver}*{ymd}*{clock}*{control}*X*{version}~"
        f"{''.join(transactions)}"
        f"GE*{len(transactions)}*{control}~"
        f"IEA*1*{control:09d}~"
    )


def restyle(text: str, style: Style) -> bytes:
    """The interchange in a partner's delimiters and line ends."""
    table = {
        ord("*"): style.element,
        ord(":"): style.component,
        ord("^"): style.repetition,
        ord("~"): style.terminator + style.line_end,
    }
    return text.translate(table).encode("ascii")
