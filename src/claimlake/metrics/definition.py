"""One catalogue entry, read strictly: every field known, present and of the right kind."""

import json
import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from claimlake.errors import ConfigurationError
from claimlake.keys import suggest
from claimlake.metrics.kpi import Benchmark, Kpi, Side, Term
from claimlake.metrics.period import WINDOWS

ENUMERATIONS: dict[str, tuple[object, ...]] = {
    "setting": ("hospital", "physician", "both"),
    "phase": (1, 2, 3),
    "kind": ("ratio", "value", "derived"),
    "direction": ("up", "down", "neutral"),
    "unit": ("percent", "days", "dollars", "count", "ratio", "minutes", "seconds", "hours", "score"),
    "frequency": ("daily", "weekly", "monthly", "quarterly"),
    "domain": ("Clinical", "Financial", "Operational"),
    "result_type": ("numeric", "percentage", "currency"),
}
CONFIDENCES = ("primary", "secondary", "rule_of_thumb", "none")
_TEXT = ("key", "name", "dashboard", "description", "source_category", "definition_source", "steward")
_LISTS = ("grain", "breakdown", "lineage")
REQUIRED = (*ENUMERATIONS, *_TEXT, *_LISTS, "numerator", "denominator", "scale", "is_regulatory",
            "regulatory_program", "benchmark")  # fmt: skip
OPTIONAL = ("formula", "setting_difference", "notes", "unit_label")
_TERM = ("text", "table", "expr", "where", "date_column", "window")
_BENCHMARK = ("text", "source", "confidence", "low", "high")


def read_kpi(entry: Mapping[str, Any], *, origin: str) -> Kpi:
    """The KPI of one entry; ConfigurationError names the file, the key and the field."""
    where = f"{origin}: {entry.get('key', 'entry without key')}"
    _check_fields(entry, where)
    fields: dict[str, Any] = {name: entry.get(name) for name in (*REQUIRED, *OPTIONAL)}
    fields |= {name: tuple(entry[name]) for name in _LISTS}
    fields |= {
        "numerator": _read_side(entry["numerator"], f"{where}: numerator"),
        "denominator": _read_side(entry["denominator"] or {"text": "none"}, f"{where}: denominator"),
        "scale": _number(entry["scale"], f"{where}: scale"),
        "benchmark": _read_benchmark(entry["benchmark"], f"{where}: benchmark"),
    }
    definition = json.dumps(entry, sort_keys=True, ensure_ascii=False, default=str)
    kpi = Kpi(**fields, definition=definition, origin=origin)
    _check_kind(kpi, where)
    return kpi


def _check_fields(entry: Mapping[str, Any], where: str) -> None:
    _only(entry, (*REQUIRED, *OPTIONAL), where)
    missing = [name for name in REQUIRED if name not in entry]
    if missing:
        raise ConfigurationError(f"field {missing[0]} is missing.", where=where, remedy="Add it.")
    for name in _TEXT:
        if not isinstance(entry[name], str) or not entry[name].strip():
            raise ConfigurationError(f"{name} must be text.", where=where)
    for name in _LISTS:
        if not isinstance(entry[name], list) or not all(isinstance(item, str) for item in entry[name]):
            raise ConfigurationError(f"{name} must be a list of names.", where=where)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", entry["key"]):
        raise ConfigurationError("key must be lower case letters, digits and underscores.", where=where)
    for name, allowed in ENUMERATIONS.items():
        if entry[name] not in allowed:
            choices = ", ".join(map(str, allowed))
            raise ConfigurationError(f"{name} is {entry[name]!r}.", where=where, remedy=f"Use {choices}.")
    if not isinstance(entry["is_regulatory"], bool):
        raise ConfigurationError("is_regulatory must be true or false.", where=where)


def _check_kind(kpi: Kpi, where: str) -> None:
    if (kpi.kind == "derived") != bool(kpi.formula):
        raise ConfigurationError("a derived KPI has a formula, and only a derived KPI has one.", where=where)
    needed = {"ratio": kpi.numerator.terms and kpi.denominator.terms, "value": kpi.numerator.terms}
    if not needed.get(kpi.kind, True):
        raise ConfigurationError(f"a {kpi.kind} needs an expr, table and window.", where=where)
    if kpi.kind != "ratio" and kpi.denominator.terms:
        raise ConfigurationError(f"a {kpi.kind} has no denominator expression.", where=where)
    if kpi.kind == "derived" and not kpi.lineage:
        raise ConfigurationError("a derived KPI names its children in lineage.", where=where)
    if "org" not in kpi.grain:
        raise ConfigurationError("grain must contain org.", where=where)


def _read_side(side: Any, where: str) -> Side:
    if not isinstance(side, Mapping):
        raise ConfigurationError("must hold text and a term.", where=where)
    if "terms" in side:
        _only(side, ("text", "terms", "combine"), where)
        terms = tuple(_read_term(term, f"{where} t{number}") for number, term in enumerate(side["terms"]))
        return Side(str(side.get("text", "")), terms, str(side.get("combine", "t0")))
    _only(side, _TERM, where)
    text = str(side.get("text", ""))
    return Side(text, (_read_term(side, where),) if side.get("expr") else ())


def _read_term(term: Mapping[str, Any], where: str) -> Term:
    _only(term, _TERM, where)
    for name in ("table", "expr", "date_column", "window"):
        if not isinstance(term.get(name), str):
            raise ConfigurationError(f"{name} is missing.", where=where, remedy="Add it.")
    if not re.fullmatch(r"gold\.[a-z_]+", term["table"]):
        raise ConfigurationError(f"table is {term['table']!r}.", where=where, remedy="Write gold.<table>.")
    if term["window"] not in WINDOWS:
        raise ConfigurationError(
            f"window '{term['window']}' is not known.",
            where=where,
            remedy=suggest(term["window"], WINDOWS),
        )
    return Term(**{"text": "", **{name: value for name, value in term.items() if name in _TERM}})


def _read_benchmark(benchmark: Any, where: str) -> Benchmark:
    if not isinstance(benchmark, Mapping):
        raise ConfigurationError("must hold text, source and confidence.", where=where)
    _only(benchmark, _BENCHMARK, where)
    if not benchmark.get("text") or not benchmark.get("source"):
        raise ConfigurationError("text and source are required.", where=where)
    if benchmark.get("confidence") not in CONFIDENCES:
        raise ConfigurationError(
            f"confidence is {benchmark.get('confidence')!r}.",
            where=where,
            remedy=f"Use {', '.join(CONFIDENCES)}.",
        )
    low, high = (
        None if benchmark.get(name) is None else _number(benchmark[name], f"{where}: {name}")
        for name in ("low", "high")
    )
    return Benchmark(benchmark["text"], benchmark["source"], benchmark["confidence"], low, high)


def _number(value: Any, where: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigurationError(f"{value!r} is not a number.", where=where)
    return Decimal(str(value))


def _only(mapping: Mapping[str, Any], known: Collection[str], where: str) -> None:
    for name in mapping:
        if name not in known:
            raise ConfigurationError(
                f"field '{name}' is not known.", where=where, remedy=suggest(str(name), known)
            )
