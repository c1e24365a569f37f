"""Reference APIs that one feed asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from claimlake.errors import ConfigurationError
from claimlake.lake.contract import Contract
from claimlake.sources.document import Key, list_at, mapping_at, names_of, one_of, refuse_unknown, texts_at

APIS = {"npi_registry": ("numbers", "queries"), "icd10": ("release", "language")}
"""The APIs that are spoken, each with the keys of its own."""

API_KEYS = (
    Key("api", "text", "which API", tuple(APIS), is_required=True),
    Key("refresh_days", "number", "days an answer is good for"),
    Key("per_second", "any", "requests a second, at most"),
    Key("numbers", "texts", "`npi_registry`: columns `bronze.<table>.<column>` whose numbers are looked up"),
    Key("queries", "any", "`npi_registry`: searches, each a mapping of the API's own parameters"),
    Key("release", "text", "`icd10`: the release, or `latest`"),
    Key("language", "text", "`icd10`: language of the titles"),
    Key("active", "flag", "`false` turns the feed off"),
)


@dataclass(frozen=True)
class ApiOrigin:
    """A reference API that one feed asks, no oftener than its answers grow old."""

    api: str
    refresh_days: int = 30
    """Days an answer is good for."""
    per_second: float = 2.0
    """Requests a second, at most."""
    numbers: tuple[str, ...] = ()
    """Columns 'bronze.<table>.<column>' whose values are looked up one by one."""
    queries: tuple[tuple[tuple[str, str], ...], ...] = ()
    """Searches, each as the API's own parameters and their values."""
    release: str = "latest"
    language: str = "en"


def read_api_origin(given: Mapping[str, Any], where: str, contracts: Mapping[str, Contract]) -> ApiOrigin:
    """The API that a mapping names, and what of it."""
    api = one_of(str(given["api"]), "api", APIS, where)
    foreign = {key for name, keys in APIS.items() if name != api for key in keys}
    refuse_unknown(given, [key for key in names_of(API_KEYS) if key not in foreign], f"{where}: from")
    numbers = texts_at(given, "numbers", where)
    for name in numbers:
        table, _, column = name.rpartition(".")
        if table not in contracts or column not in [known for known, _ in contracts[table].schema]:
            raise ConfigurationError(
                f"no column '{name}'", where=f"{where}: numbers", remedy="Write bronze.<table>.<column>."
            )
    queries = [mapping_at(query, f"{where}: queries") for query in list_at(given, "queries", where)]
    return ApiOrigin(
        api=api,
        refresh_days=int(_positive(given, "refresh_days", ApiOrigin.refresh_days, where)),
        per_second=_positive(given, "per_second", ApiOrigin.per_second, where),
        numbers=numbers,
        queries=tuple(tuple((key, str(value)) for key, value in query.items()) for query in queries),
        release=str(given.get("release", ApiOrigin.release)),
        language=str(given.get("language", ApiOrigin.language)),
    )


def _positive(given: Mapping[str, Any], key: str, default: float, where: str) -> float:
    value = given.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ConfigurationError(f"'{key}' is not a number above 0", where=f"{where}: from")
    return float(value)
