"""A provider registry on this machine: paging, limits and answers of NPPES; providers are invented."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from claimlake.keys import is_npi
from tests.sources.api_server import Asked, Said


def npi(position: int) -> str:
    """The NPI at a position of an endless list."""
    return next(number for digit in range(10) if is_npi(number := f"1{position:08}{digit}"))


def provider(number: str, **more: Any) -> dict[str, Any]:
    """A record as the registry shows it."""
    return {
        "number": number,
        "enumeration_type": more.get("kind", "NPI-1"),
        "created_epoch": "1136073600000",
        "basic": {
            "first_name": "ANN",
            "last_name": more.get("name", "ELM"),
            "status": "A",
            "enumeration_date": "2006-01-01",
            "last_updated": more.get("updated", "2020-05-01"),
        },
        "addresses": [
            {"address_purpose": "MAILING", "city": "ELSEWHERE", "state": "NJ", "postal_code": "070160000"},
            {
                "address_purpose": "LOCATION",
                "city": "AUSTIN",
                "state": "TX",
                "postal_code": more.get("zip", "787010001"),
            },
        ],
        "taxonomies": [
            {"code": "207Q00000X", "desc": "Family Medicine", "primary": False},
            {"code": more.get("taxonomy", "207RC0000X"), "desc": "Cardiovascular Disease", "primary": True},
        ],
        "identifiers": [],
    }


@dataclass
class Registry:
    """What the registry holds; a test changes it between and during requests."""

    providers: list[dict[str, Any]] = field(default_factory=list)
    deactivated: set[str] = field(default_factory=set)
    failing: dict[str, list[Said]] = field(default_factory=dict)
    """Answers given instead, by number, until there are none left."""

    def __call__(self, asked: Asked) -> Said:
        """The answer to one request."""
        query = asked.query
        if query.get("version") != "2.1":
            return Said({"Errors": [{"description": "bad version", "field": "version", "number": "17"}]})
        number = query.get("number", "")
        if self.failing.get(number):
            return self.failing[number].pop(0)
        if number in self.deactivated:
            text = f"CMS deactivated NPI {number}. The provider can no longer be identified."
            return Said({"Errors": [{"description": text, "field": "number", "number": "31"}]})
        if not set(query) - {"version", "limit", "skip"}:
            return Said(
                {"Errors": [{"description": "No valid criteria", "field": "generic", "number": "04"}]}
            )
        found = [record for record in self.providers if _matches(record, query)]
        limit, skip = min(int(query.get("limit", "10")), 200), min(int(query.get("skip", "0")), 1000)
        page = found[skip : skip + limit]
        return Said({"result_count": len(page), "results": page})


def _matches(record: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    location = record["addresses"][1]
    if query.get("number", record["number"]) != record["number"]:
        return False
    if query.get("enumeration_type", record["enumeration_type"]) != record["enumeration_type"]:
        return False
    wanted = query.get("postal_code", "*")
    fits = location["postal_code"].startswith(wanted.removesuffix("*"))
    return fits and query.get("state", location["state"]) == location["state"]
