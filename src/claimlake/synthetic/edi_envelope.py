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


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends what kind of group to whom, and when."""

    sender: str
    receiver: str
    day: int
    clock: str
    """HHMM."""
    control: int
    functional: str
    """GS01: HC claims, FA and HN acknowledgements, HP remittances."""
    version: str


def transaction(code: str, control: int, implementation: str, body: Iterable[str]) -> str:
    """One ST..SE set around the body's segments, in standard delimiters."""
    text = "".join(body)
    head = f"ST*{code}*{control:04d}*{implementation}~" if implementation else f"ST*{code}*{control:04d}~"
    return f"{head}{text}SE*{text.count('~') + 2}*{control:04d}~"


def interchange(envelope: Envelope, transactions: list[str]) -> str:
    """One ISA..IEA with one functional group, in standard delimiters."""
    ymd, control = compact(envelope.day), envelope.control
    sender, receiver, clock = envelope.sender, envelope.receiver, envelope.clock
    return (
        f"ISA*00*          *00*          *ZZ*{sender:<15}*ZZ*{receiver:<15}"
        f"*{ymd[2:]}*{clock}*^*00501*{control:09d}*0*P*:~"
        f"GS*{envelope.functional}*{sender}*{receiver}*{ymd}*{clock}*{control}*X*{envelope.version}~"
        f"{''.join(transactions)}"
        f"GE*{len(transactions)}*{control}~"
        f"IEA*1*{control:09d}~"
    )


def restyle(text: str, style: Style) -> bytes:
    """The interchange in a partner's delimiters and line ends."""
    for standard, chosen in zip("*:^", (style.element, style.component, style.repetition), strict=True):
        if chosen != standard:
            text = text.replace(standard, chosen)
    end = style.terminator + style.line_end
    return (text if end == "~" else text.replace("~", end)).encode("ascii")
