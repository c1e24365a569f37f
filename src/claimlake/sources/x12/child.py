"""Detail tables that 835 and 837 share: every reference, date, amount, quantity, party and address."""

from claimlake.sources.x12.spec import Column, Repeat, Table, day, in_loop, money, quantity, text

_DATE_FORMATS = (" ?02=D8", " ?02=RD8", " ?02=DT")


def _rows(segment: str, loops: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{loop} {segment}" for loop in loops)


def _where(loops: tuple[str, ...]) -> Column:
    return in_loop("loop", **{f"_{loop}": loop for loop in loops})


def references(name: str, loops: tuple[str, ...], keys: tuple[Column, ...]) -> Table:
    """Every REF of these loops."""
    columns = (
        *keys,
        _where(loops),
        text("qualifier", "REF 01"),
        text("reference", "REF 02", phi=True),
        text("description", "REF 03"),
    )
    return Table(name, "one reference number (REF)", _rows("REF", loops), columns)


def dates(name: str, segment: str, loops: tuple[str, ...], keys: tuple[Column, ...]) -> Table:
    """Every DTM or DTP of these loops, as received and as days; a time of day (DTP02 = TM) has no day."""
    value, formats = (f"{segment} 02", ("",)) if segment == "DTM" else (f"{segment} 03", _DATE_FORMATS)
    citations = tuple(value + test for test in formats)
    columns = (
        *keys,
        _where(loops),
        text("qualifier", f"{segment} 01"),
        text("value", value, phi=True),
        day("date_from", *citations),
        day("date_to", *citations, is_last=True),
    )
    return Table(name, f"one date, time or range ({segment})", _rows(segment, loops), columns)


def amounts(name: str, loops: tuple[str, ...], keys: tuple[Column, ...]) -> Table:
    """Every AMT of these loops."""
    columns = (*keys, _where(loops), text("qualifier", "AMT 01"), money("amount", "AMT 02"))
    return Table(name, "one supplemental amount (AMT)", _rows("AMT", loops), columns)


def quantities(name: str, loops: tuple[str, ...], keys: tuple[Column, ...]) -> Table:
    """Every QTY of these loops."""
    columns = (*keys, _where(loops), text("qualifier", "QTY 01"), quantity("quantity", "QTY 02"))
    return Table(name, "one supplemental quantity (QTY)", _rows("QTY", loops), columns)


def parties(name: str, loops: tuple[str, ...], keys: tuple[Column, ...]) -> Table:
    """Every NM1 of these loops."""
    columns = (
        *keys,
        _where(loops),
        text("entity_code", "NM1 01"),
        text("entity_type", "NM1 02"),
        text("last_name", "NM1 03", phi=True),
        text("first_name", "NM1 04", phi=True),
        text("middle_name", "NM1 05", phi=True),
        text("suffix", "NM1 07", phi=True),
        text("id_qualifier", "NM1 08"),
        text("id", "NM1 09", phi=True),
    )
    return Table(name, "one named person or organisation (NM1)", _rows("NM1", loops), columns)


def addresses(name: str, loops: tuple[str, ...], keys: tuple[Column, ...]) -> Table:
    """Every N3 and N4 of these loops."""
    columns = (
        *keys,
        _where(loops),
        text("line_1", "N3 01", phi=True),
        text("line_2", "N3 02", phi=True),
        text("city", "N4 01", phi=True),
        text("state", "N4 02"),
        text("postal_code", "N4 03", phi=True),
        text("country", "N4 04"),
    )
    rows = _rows("N3", loops) + _rows("N4", loops)
    return Table(name, "one street (N3) or one place (N4)", rows, columns)


def contacts(name: str, loops: tuple[str, ...], keys: tuple[Column, ...]) -> Table:
    """Every number of every PER of these loops."""
    columns = (
        *keys,
        _where(loops),
        text("function_code", "PER 01"),
        text("name", "PER 02", phi=True),
        text("number_qualifier", "PER 03+"),
        text("number", "PER 04+", phi=True),
    )
    return Table(
        name,
        "one contact number (PER)",
        _rows("PER", loops),
        columns,
        repeat=Repeat(3, 2, 3),
        needs=("number_qualifier", "number"),
    )
