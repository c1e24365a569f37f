"""Money as whole cents, and how it is spelled."""


def share(cents: int, numerator: int, denominator: int) -> int:
    """cents times numerator over denominator, rounded half up; all parts are non-negative."""
    return (2 * cents * numerator + denominator) // (2 * denominator)


def dollars(cents: int) -> str:
    """Cents as 1234.50, always with two decimals."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def x12_amount(cents: int) -> str:
    """Cents as X12 spells an R element: no trailing zeros and no plus sign."""
    whole, part = divmod(abs(cents), 100)
    sign = "-" if cents < 0 else ""
    if part == 0:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{part:02d}".rstrip("0")
