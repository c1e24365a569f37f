"""A second, plain reading of X12: split on the delimiters and add up. It shares no code with the reader."""

from collections import Counter
from decimal import Decimal, InvalidOperation


def _segments(content: bytes) -> list[list[list[str]]]:
    """Per interchange, its segments as lists of elements, after one that holds the component mark."""
    text = content.decode("latin-1")
    starts = [
        at for at in range(len(text)) if text.startswith("ISA", at) and text.startswith(("00", "03"), at + 4)
    ]
    files = []
    for at, until in zip(starts, [*starts[1:], len(text)], strict=True):
        piece = text[at:until]
        element = piece[3]
        tail = piece.split(element, 16)[16]
        found = [segment.strip().split(element) for segment in piece.split(tail[1]) if segment.strip()]
        files.append([[tail[0]], *found])
    return files


def _money(values: list[str], at: int) -> Decimal:
    try:
        return Decimal(values[at])
    except (IndexError, InvalidOperation):
        return Decimal(0)


def totals(content: bytes) -> Counter[str]:
    """Sums of money and counts of rows by transaction type, over every transaction in the file."""
    found: Counter[str] = Counter()
    for (component,), *segments in ([item[0], *item[1:]] for item in _segments(content)):
        code, is_other_payer = "", False
        for segment in segments:
            name = segment[0]
            if name == "ST":
                code = segment[1]
                found[f"ST {code}"] += 1
            if name in ("CLM", "LX", "SBR"):
                is_other_payer = name == "SBR"
            _add(found, code, segment, component, is_other_payer)
    return found


def _remittance(found: Counter[str], segment: list[str]) -> None:
    name = segment[0]
    sums = {"CLP": ("CLP03", "CLP04", "CLP05"), "SVC": ("SVC02", "SVC03")}.get(name, ())
    for element in sums:
        found[element] += _money(segment, int(element[-1]))
    found[name] += bool(sums)
    for first, step in {"CAS": [(2, 3)], "PLB": [(3, 2)]}.get(name, []):
        for at in range(first, len(segment), step):
            found[name] += bool(segment[at])
            found[f"{name} amount"] += _money(segment, at + 1)


def _claim(found: Counter[str], segment: list[str], component: str, is_other_payer: bool) -> None:
    name = segment[0]
    if name == "CLM":
        found["CLM"] += 1
        found["CLM02"] += _money(segment, 2)
    elif name in ("SV1", "SV2", "SV3"):
        found["SV"] += 1
        found["SV amount"] += _money(segment, 3 if name == "SV2" else 2)
    elif name == "AMT" and segment[1] == "D" and is_other_payer:
        found["AMT*D"] += _money(segment, 2)
    elif name == "HI":
        kinds = [item.split(component)[0].lstrip("A") for item in segment[1:]]
        found["HI"] += sum(kind in ("BK", "BF", "BJ", "PR", "BN") for kind in kinds)


def _add(found: Counter[str], code: str, segment: list[str], component: str, is_other_payer: bool) -> None:
    name = segment[0]
    if code == "835":
        _remittance(found, segment)
    elif code == "837":
        _claim(found, segment, component, is_other_payer)
    elif code == "277" and name == "STC":
        found["STC"] += 1
        found["STC04"] += _money(segment, 4)
    elif code == "999" and name in ("AK2", "IK3", "IK4"):
        found[name] += 1
