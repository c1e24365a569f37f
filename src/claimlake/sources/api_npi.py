"""The NPI registry (NPPES API 2.1): providers by number, and by searches of any size.

A search shows 1,200 records at most, in pages of up to 200. A larger one is asked again in parts, by kind of
provider and then by the first digits of the postal code. Pages overlap by one record, so that a listing which
moves while it is read is seen to move; it is then read again.
"""

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from claimlake.errors import ClaimlakeError, SourceError
from claimlake.keys import is_npi
from claimlake.sources.api_batch import Batch, Failures
from claimlake.sources.rest import RestClient

VERSION = "2.1"
PAGE = 200
LAST_SKIP = 1000
PASSES = 3
"""Times a listing that moves is read."""
LOOK_UPS = 100
"""Numbers looked up for one load."""
SUSPICIOUS = 20
"""Numbers of which, if none is found, the registry is not believed: its answer would end every provider."""
KINDS = ("NPI-1", "NPI-2")
NOT_FOUND = "not found"
POSTAL_DIGITS = 5

Criteria = Mapping[str, str]
Record = Mapping[str, Any]


@dataclass
class _Listing:
    """All records of a search by number, as far as the registry shows them."""

    records: dict[str, Record] = field(default_factory=dict)
    is_cut: bool = False
    """Whether there are more than the registry shows."""
    is_steady: bool = False
    """Whether it did not move while it was read."""


@dataclass(frozen=True)
class NpiRegistry:
    """The registry as one feed asks it."""

    client: RestClient
    queries: Iterable[Criteria]
    numbers: Iterable[str]
    """NPIs to look up; what is no NPI is left out."""
    answered: Collection[str]
    """Requests that are answered and not yet old."""
    failures: Failures

    def batches(self) -> Iterator[Batch]:
        """What the registry says to every search and number that is due, a load at a time."""
        seen = set(self.answered)
        for criteria in self.queries:
            for batch in self._search(dict(criteria)):
                seen.update(batch.answered)
                yield batch
        due = sorted({number for number in self.numbers if is_npi(number)} - seen)
        for start in range(0, len(due), LOOK_UPS):
            if not self.failures.is_over:
                yield self._look_up(due[start : start + LOOK_UPS])

    def _search(self, criteria: Criteria) -> Generator[Batch, None, bool]:
        """The batches of a search and its parts; whether all of it was answered."""
        request = "&".join(f"{name}={value}" for name, value in sorted(criteria.items()))
        if request in self.answered:
            return True
        if self.failures.is_over:
            return False
        try:
            listing = self._listing(criteria)
        except ClaimlakeError as error:
            self.failures.add(error)
            return False
        self.failures.passed()
        parts = _parts(criteria) if listing.is_cut else []
        if parts:
            results = []
            for part in parts:
                results.append((yield from self._search(part)))
            is_whole = all(results)
        else:
            is_whole = self._is_whole(listing)
            yield Batch(tuple(listing.records.values()), tuple(listing.records))
        if is_whole:
            yield Batch(answered=(request,))
        return is_whole

    def _is_whole(self, listing: _Listing) -> bool:
        if listing.is_cut:
            self._tell("a search has over 1,200 records in one postal code; the others are not seen.")
        elif not listing.is_steady:
            self._tell("a listing moved each time it was read; records may be missing until the next run.")
        return listing.is_steady and not listing.is_cut

    def _tell(self, problem: str) -> None:
        self.failures.problems.append(f"{self.client.where}: {problem} Narrow the query.")

    def _listing(self, criteria: Criteria) -> _Listing:
        listing = _Listing()
        for _ in range(PASSES):
            if self._read(criteria, listing) or listing.is_cut:
                break
        return listing

    def _read(self, criteria: Criteria, listing: _Listing) -> bool:
        """Read every page once; whether each one begins where the one before ended."""
        skip, last, is_steady = 0, "", True
        while True:
            page = self._records({**criteria, "limit": str(PAGE), "skip": str(skip)})
            by_number = {str(record.get("number")): record for record in page}
            is_steady = is_steady and (not last or last in by_number)
            listing.records |= by_number
            if len(page) < PAGE or skip == LAST_SKIP:
                listing.is_cut = len(page) >= PAGE
                listing.is_steady = is_steady
                return is_steady
            last = str(page[-1].get("number"))
            skip = min(skip + PAGE - 1, LAST_SKIP)

    def _look_up(self, numbers: Iterable[str]) -> Batch:
        records: list[Record] = []
        answered: list[str] = []
        for number in numbers:
            if self.failures.is_over:
                break
            try:
                records.append(self._provider(number))
            except ClaimlakeError as error:
                self.failures.add(error)
                continue
            self.failures.passed()
            answered.append(number)
        if len(records) >= SUSPICIOUS and not any(_is_found(record) for record in records):
            what = f"the registry finds none of {len(records)} numbers, which is not believed."
            self.failures.problems.append(f"{self.client.where}: {what} Check the source's 'url'.")
            return Batch()
        return Batch(tuple(records), tuple(answered))

    def _provider(self, number: str) -> Record:
        """The registry's record of a number, or one that says that there is none."""
        answer = self._ask({"number": number})
        if _is_deactivated(answer):
            return _absent(number, "D")
        found = [record for record in self._results(answer) if str(record.get("number")) == number]
        return found[0] if found else _absent(number, NOT_FOUND)

    def _records(self, parameters: Criteria) -> list[Record]:
        return self._results(self._ask(parameters))

    def _ask(self, parameters: Criteria) -> Any:
        return self.client.get("", {"version": VERSION, **parameters})

    def _results(self, answer: Any) -> list[Record]:
        results = answer.get("results") if isinstance(answer, dict) else None
        if isinstance(results, list) and all(isinstance(record, dict) for record in results):
            return results
        fields = ", ".join(sorted(_refused_fields(answer))) or "none named"
        raise SourceError(
            f"the registry answers without results (fields it refuses: {fields}).",
            where=self.client.where,
            remedy="Correct the feed's 'queries', or the source's 'url'.",
        )


def _absent(number: str, status: str) -> Record:
    """A record of our own for a number that the registry shows nothing of."""
    nothing: list[Record] = []
    return {
        "number": number,
        "enumeration_type": None,
        "basic": {"status": status},
        "addresses": nothing,
        "taxonomies": nothing,
    }


def _is_found(record: Record) -> bool:
    basic = record.get("basic")
    return not isinstance(basic, dict) or basic.get("status") != NOT_FOUND


def _parts(criteria: Criteria) -> list[dict[str, str]]:
    """Searches that together have what one has; none when it cannot be divided further."""
    if "enumeration_type" not in criteria:
        return [{**criteria, "enumeration_type": kind} for kind in KINDS]
    postal_code = criteria.get("postal_code", "*")
    prefix = postal_code.removesuffix("*")
    if prefix == postal_code or len(prefix) >= POSTAL_DIGITS:
        return []
    # The registry wants two characters before an asterisk.
    width = 1 if prefix else 2
    return [{**criteria, "postal_code": f"{prefix}{digits:0{width}}*"} for digits in range(10**width)]


def _errors(answer: Any) -> list[Mapping[str, Any]]:
    errors = answer.get("Errors") if isinstance(answer, dict) else None
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def _is_deactivated(answer: Any) -> bool:
    return any("deactivated" in str(error.get("description", "")).lower() for error in _errors(answer))


def _refused_fields(answer: Any) -> set[str]:
    return {str(error["field"])[:40] for error in _errors(answer) if error.get("field")}
