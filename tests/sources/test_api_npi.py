from collections.abc import Sequence

import pytest

from claimlake.sources import api_npi
from claimlake.sources.api_batch import Batch, Failures
from claimlake.sources.api_npi import NpiRegistry
from claimlake.sources.rest import Patience, RestClient
from claimlake.sources.throttle import Throttle
from tests.sources.api_server import Asked, Said, Server, Waits, serving
from tests.sources.registry import Registry, npi, provider


def ask(
    server: Server,
    *,
    queries: Sequence[dict[str, str]] = (),
    numbers: Sequence[str] = (),
    answered: Sequence[str] = (),
) -> tuple[list[Batch], Failures]:
    waits = Waits()
    patience = Patience(attempts=2)
    throttle = Throttle(1000, 5, waits.clock)
    client = RestClient(f"{server.url}/api/", "source npi", throttle, patience=patience, clock=waits.clock)
    failures = Failures()
    registry = NpiRegistry(client, queries, numbers, set(answered), failures)
    return list(registry.batches()), failures


def numbers_of(batches: Sequence[Batch]) -> list[str]:
    return [str(record["number"]) for batch in batches for record in batch.records]


def test_a_search_is_read_page_by_page_to_its_end() -> None:
    everyone = [npi(position) for position in range(450)]
    with serving(Registry([provider(number) for number in everyone])) as server:
        batches, failures = ask(server, queries=[{"state": "TX"}])
    assert sorted(numbers_of(batches)) == everyone
    assert [asked.query["skip"] for asked in server.asked] == ["0", "199", "398"]
    assert batches[-1].answered == ("state=TX",)
    assert failures.problems == []


def test_a_search_beyond_1200_records_is_asked_in_parts_and_nobody_is_missing() -> None:
    people = [provider(npi(position), zip=f"787{position % 100:02}0001") for position in range(1300)]
    companies = [provider(npi(position), kind="NPI-2") for position in range(2000, 2010)]
    with serving(Registry(people + companies)) as server:
        batches, failures = ask(server, queries=[{"state": "TX"}])
        assert failures.problems == []
        # Everything was answered: a second round asks nothing.
        asked_before = len(server.asked)
        answered = [request for batch in batches for request in batch.answered]
        assert ask(server, queries=[{"state": "TX"}], answered=answered)[0] == []
        assert len(server.asked) == asked_before
    assert set(numbers_of(batches)) == {record["number"] for record in people + companies}
    assert all(len(batch.records) <= 1200 for batch in batches)


def test_a_search_that_no_part_makes_small_enough_is_told_and_stays_due() -> None:
    crowd = [provider(npi(position)) for position in range(1201)]
    with serving(Registry(crowd)) as server:
        batches, failures = ask(server, queries=[{"enumeration_type": "NPI-1", "postal_code": "78701"}])
    assert len(numbers_of(batches)) == 1200
    assert "over 1,200 records in one postal code" in failures.problems[0]
    assert "enumeration_type=NPI-1&postal_code=78701" not in [
        one for batch in batches for one in batch.answered
    ]


def test_a_listing_that_moves_between_pages_is_read_again() -> None:
    registry = Registry([provider(npi(position)) for position in range(1, 400)])
    missed = npi(199)
    moves = [True]

    def answer(asked: Asked) -> Said:
        said = registry(asked)
        if moves and asked.query["skip"] == "0":
            moves.clear()
            del registry.providers[
                0:2
            ]  # two leave: the records after them move up, past the next page's start
        return said

    with serving(answer) as server:
        batches, failures = ask(server, queries=[{"state": "TX"}])
    assert [asked.query["skip"] for asked in server.asked] == ["0", "199", "0", "199"]
    assert missed in numbers_of(batches)
    assert len(set(numbers_of(batches))) == len(numbers_of(batches)) == 399
    assert failures.problems == []


def test_a_listing_that_never_rests_is_taken_and_told() -> None:
    registry = Registry([provider(npi(position)) for position in range(600)])

    def answer(asked: Asked) -> Said:
        registry.providers = registry.providers[250:] + registry.providers[:250]
        return registry(asked)

    with serving(answer) as server:
        batches, failures = ask(server, queries=[{"state": "TX"}])
    assert "moved each time it was read" in failures.problems[0]
    assert [one for batch in batches for one in batch.answered if "=" in one] == []


def test_numbers_are_looked_up_those_not_there_and_not_in_use_too() -> None:
    there, gone, unknown = npi(1), npi(2), npi(3)
    with serving(Registry([provider(there)], deactivated={gone})) as server:
        batches, failures = ask(server, numbers=[unknown, gone, there, there, "1234567890", ""])
    (batch,) = batches
    assert [(record["number"], record["basic"]["status"]) for record in batch.records] == [
        (there, "A"),
        (gone, "D"),
        (unknown, "not found"),
    ]
    assert sorted(batch.answered) == sorted([there, gone, unknown])
    assert failures.problems == []


def test_a_number_a_search_brought_is_not_looked_up_again() -> None:
    with serving(Registry([provider(npi(1))])) as server:
        batches, _ = ask(server, queries=[{"state": "TX"}], numbers=[npi(1)])
    assert len(server.asked) == 1
    assert numbers_of(batches) == [npi(1)]


def test_a_request_that_keeps_failing_is_told_and_the_rest_goes_on() -> None:
    bad = Said({}, status=500)
    registry = Registry([provider(npi(position)) for position in range(6)], failing={npi(2): [bad] * 9})
    with serving(registry) as server:
        batches, failures = ask(server, numbers=[npi(position) for position in range(6)])
    assert numbers_of(batches) == [npi(position) for position in (0, 1, 3, 4, 5)]
    assert npi(2) not in batches[0].answered
    assert len(failures.problems) == 1


def test_an_api_that_is_down_is_left_alone_after_three_requests_and_keeps_what_it_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(api_npi, "LOOK_UPS", 4)
    bad = Said({}, status=503)
    down = {npi(position): [bad] * 9 for position in range(2, 20)}
    with serving(Registry([provider(npi(position)) for position in range(20)], failing=down)) as server:
        batches, failures = ask(server, numbers=[npi(position) for position in range(20)])
    assert numbers_of(batches) == [npi(0), npi(1)]
    assert len(failures.problems) == 3
    assert len(server.asked) == 2 + 3 * 2


def test_a_search_the_registry_refuses_is_named_and_the_next_one_asked() -> None:
    with serving(Registry([provider(npi(1))])) as server:
        batches, failures = ask(server, queries=[{}, {"state": "TX"}])
    assert "fields it refuses: generic" in failures.problems[0]
    assert numbers_of(batches) == [npi(1)]


def test_a_registry_that_suddenly_knows_nobody_is_not_believed() -> None:
    with serving(Registry([])) as server:
        batches, failures = ask(server, numbers=[npi(position) for position in range(20)])
        assert [(batch.records, batch.answered) for batch in batches] == [((), ())]
        assert "finds none of 20 numbers" in failures.problems[0]
        batches, failures = ask(server, numbers=[npi(position) for position in range(19)])
        assert (len(batches[0].answered), failures.problems) == (19, [])
