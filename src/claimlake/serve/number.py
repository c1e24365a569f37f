"""Numbers as people read them: $1.2M, 11.8 %, 43.6 days, Jul 2026."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

NO_VALUE = "\u2013"
_MINUS = "\u2212"
_GAP = "\u00a0"
READS = {
    "cob": "Coordination of benefits",
    "dnfb": "Discharged, not final billed",
    "fbns": "Final billed, not submitted",
    "medicare_ffs": "Medicare FFS",
    "medicaid_ffs": "Medicaid FFS",
    "medicare_advantage": "Medicare Advantage",
    "medicaid_managed": "Medicaid managed care",
    "tricare_va": "TRICARE and VA",
    "patient_resp": "Patient responsibility",
}
"""Codes that do not read well as they are."""
_STEPS = ((Decimal(1_000_000_000), "B"), (Decimal(1_000_000), "M"), (Decimal(1_000), "K"))
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def rounded(value: Decimal, places: int) -> str:
    """Return the value with grouped thousands and a real minus sign, rounded half up."""
    quantum = Decimal(1).scaleb(-places)
    text = f"{value.quantize(quantum, ROUND_HALF_UP):,}"
    return text.replace("-", _MINUS) if value.quantize(quantum, ROUND_HALF_UP) else text.lstrip("-")


def compact(value: Decimal) -> str:
    """Return three significant digits or so with K, M or B: 1.23M, 48.2K, 812."""
    size = abs(value)
    for step, letter in _STEPS:
        # 999,950 would read 1,000.0K: the next step starts where rounding reaches it.
        if size >= step * Decimal("0.9995"):
            share = value / step
            return rounded(share, 2 if abs(share) < 10 else 1) + letter
    return rounded(value, 0 if size >= 100 or value == value.to_integral_value() else 1)


def axis(value: Decimal, unit: str) -> str:
    """Return a round value as it stands on an axis: $200K, 1.5M, 20 %."""
    text = dollars(value) if unit == "dollars" else compact(value)
    digits, letter = (text[:-1], text[-1]) if text[-1] in "KMB" else (text, "")
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return f"{digits}{letter}" + (f"{_GAP}%" if unit == "percent" else "")


def dollars(value: Decimal | None) -> str:
    """Return dollars for a headline: $1.23M."""
    if value is None:
        return NO_VALUE
    text = compact(value) if abs(value) >= 1000 else rounded(value, 0)
    return f"{_MINUS}${text[1:]}" if text.startswith(_MINUS) else f"${text}"


def cents(value: Decimal | None) -> str:
    """Return dollars to the cent: $1,234.50."""
    if value is None:
        return NO_VALUE
    text = rounded(value, 2)
    return f"{_MINUS}${text[1:]}" if text.startswith(_MINUS) else f"${text}"


def plain(value: Decimal | None) -> str:
    """Return a number in full: 1,234 or 1,234.56."""
    return NO_VALUE if value is None else rounded(value, 2).removesuffix(".00")


def figure(value: Decimal | None, unit: str) -> str:
    """Return a KPI value without its unit word: 11.8 for percent and days, $1.2M for dollars."""
    if value is None:
        return NO_VALUE
    if unit == "dollars":
        return dollars(value)
    if unit == "count":
        return compact(value)
    return rounded(value, 2 if abs(value) < 1 and value != 0 else 1)


def suffix(unit: str, unit_label: str | None = None) -> str:
    """Return what stands after the number: %, days, per 1,000 or nothing."""
    if unit_label:
        return unit_label
    return {"percent": "%", "days": "days", "hours": "hours"}.get(unit, "")


def measure(value: Decimal | None, unit: str, unit_label: str | None = None) -> str:
    """Return a KPI value with its unit: 11.8 %."""
    words = suffix(unit, unit_label)
    text = figure(value, unit)
    return f"{text}{_GAP}{words}" if words and value is not None else text


def change(value: Decimal, unit: str) -> str:
    """Return a difference between two months with its sign; percent differ by points."""
    sign = "+" if value > 0 else _MINUS if value < 0 else "±"
    words = {"percent": f"{_GAP}pts", "days": f"{_GAP}days"}.get(unit, "")
    return f"{sign}{figure(abs(value), unit)}{words}"


def month(day: date) -> str:
    """Return a month label: Jul 2026."""
    return f"{_MONTHS[day.month - 1]} {day.year}"


def short_month(day: date, *, first: bool = False) -> str:
    """Return an axis label: Jul, with the year on January and on the first label."""
    name = _MONTHS[day.month - 1]
    return f"{name} \u2019{day.year % 100:02d}" if first or day.month == 1 else name


def day_text(day: date) -> str:
    """Return a day: 5 Jul 2026."""
    return f"{day.day} {month(day)}"


def sentence(text: str) -> str:
    """Return a text with a capital first letter."""
    return text[:1].upper() + text[1:]


def words(code: str) -> str:
    """Return a code as words: medical_necessity reads Medical necessity."""
    return READS.get(code) or sentence(code.replace("_", " ").strip())
