from collections import Counter
from itertools import pairwise

import pytest

from claimlake.synthetic.network import Generated
from tests.synthetic.conftest import Ask, landed
from tests.synthetic.segments import interchanges, transactions

pytestmark = pytest.mark.xdist_group("network")

KINDS = ("837P", "837I", "response", "277CA", "835")


def test_every_envelope_counts_what_it_holds(network: Generated) -> None:
    for kind in KINDS:
        for path in landed(network, kind):
            for _, segments in interchanges(path):
                isa, iea, group = segments[0], segments[-1], segments[1]
                assert (isa[0], iea[0], group[0], segments[-2][0]) == ("ISA", "IEA", "GS", "GE")
                assert iea[2] == isa[13]
                assert iea[1] == "1"
                sets = [index for index, segment in enumerate(segments) if segment[0] == "ST"]
                ends = [index for index, segment in enumerate(segments) if segment[0] == "SE"]
                assert segments[-2][1:] == [str(len(sets)), group[6]]
                for start, end in zip(sets, ends, strict=True):
                    assert segments[end][1:] == [str(end - start + 1), segments[start][2]]


def test_every_interchange_of_a_sender_has_its_own_control_number(network: Generated) -> None:
    seen: Counter[tuple[str, str]] = Counter()
    for kind in KINDS:
        for path in landed(network, kind):
            tenant = path.parts[-4]
            seen.update((tenant, segments[0][13]) for _, segments in interchanges(path))
    assert max(seen.values()) == 1


def test_claims_in_files_are_the_submissions_of_the_truth(network: Generated, ask: Ask) -> None:
    sent = Counter(
        segment[5].split(component)[2]
        for kind in ("837P", "837I")
        for path in landed(network, kind)
        for component, segments in transactions(path)
        for segment in segments
        if segment[0] == "CLM"
    )
    assert dict(sent) == dict(ask("select frequency, count(*) from submission group by all"))


def test_primary_and_secondary_claims_share_account_number_and_period(ask: Ask) -> None:
    together = ask("""
        select count(*), bool_and(a.charge = b.charge and a.statement_from_on = b.statement_from_on
            and a.statement_to_on = b.statement_to_on)
        from claim as a join claim as b using (org_id, entity_id, account_id)
        where a.payer_sequence = 'P' and b.payer_sequence = 'S'
    """)
    count, same = together[0]
    assert count > 100
    assert same


def test_acknowledgements_answer_every_accepted_submission(network: Generated, ask: Ask) -> None:
    accepted = Counter(
        segment[1].split(component)[0]
        for path in landed(network, "277CA")
        if "payers" in path.name
        for component, segments in transactions(path)
        for before, segment in pairwise(segments)
        if segment[0] == "STC" and before[0] == "TRN" and len(before[2]) > 1 and before[2][:3] != "837"
    )
    truth = dict(ask("select outcome, count(*) from submission where payer_on is not null group by all"))
    assert accepted.pop("A2") == truth["accepted"]
    assert accepted.total() == truth["rejected"]


def test_a_set_refused_by_999_is_sent_again(ask: Ask) -> None:
    refused = ask("""
        select count(distinct (org_id, claim_no)), count(distinct (org_id, claim_no)) filter (where again)
        from (
            select org_id, claim_no, exists (
                select 1 from submission as later
                where later.org_id = first.org_id and later.claim_no = first.claim_no
                    and later.submit_on > first.submit_on
            ) as again
            from submission as first where rejection_level = 'set' and frequency = '1'
        )
    """)
    count, again = refused[0]
    assert count > 5
    assert again >= 0.9 * count
