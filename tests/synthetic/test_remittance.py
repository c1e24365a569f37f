from decimal import Decimal
from itertools import pairwise

import pytest

from claimlake.synthetic.network import Generated
from tests.synthetic.conftest import Ask, landed
from tests.synthetic.segments import Segment, adjustments, interchanges, money, transactions

pytestmark = pytest.mark.xdist_group("network")

ZERO = Decimal(0)


def claims_of(segments: list[Segment]) -> list[list[Segment]]:
    """The segments of each CLP loop."""
    loops: list[list[Segment]] = []
    for segment in segments:
        if segment[0] == "CLP":
            loops.append([])
        if segment[0] in ("PLB", "SE"):
            break
        if loops:
            loops[-1].append(segment)
    return loops


def lines_of(loop: list[Segment]) -> tuple[list[Segment], list[list[Segment]]]:
    """Segments of the claim itself and of each SVC loop."""
    heads = [index for index, segment in enumerate(loop) if segment[0] == "SVC"] + [len(loop)]
    return loop[: heads[0]], [loop[start:end] for start, end in pairwise(heads)]


def cas_total(segments: list[Segment]) -> Decimal:
    return sum((item[2] for cas in segments if cas[0] == "CAS" for item in adjustments(cas)), ZERO)


def test_every_line_claim_and_payment_balances(network: Generated) -> None:
    payments = 0
    for path in landed(network, "835"):
        for _, segments in transactions(path):
            payments += 1
            bpr = next(segment for segment in segments if segment[0] == "BPR")
            plb = sum((money(s[i + 1]) for s in segments if s[0] == "PLB" for i in range(3, len(s), 2)), ZERO)
            paid = ZERO
            for loop in claims_of(segments):
                head, lines = lines_of(loop)
                clp = head[0]
                paid += money(clp[4])
                line_cas = sum((cas_total(line) for line in lines), ZERO)
                assert money(clp[3]) - cas_total(head) - line_cas == money(clp[4])
                for line in lines:
                    assert money(line[0][2]) - cas_total(line) == money(line[0][3])
                if lines:
                    assert sum((money(line[0][2]) for line in lines), ZERO) == money(clp[3])
            assert money(bpr[2]) == paid - plb
            assert money(bpr[2]) >= 0
    assert payments == network.counts["payment"]


def test_patient_responsibility_is_the_sum_of_pr_adjustments(network: Generated) -> None:
    for path in landed(network, "835"):
        for _, segments in transactions(path):
            for loop in claims_of(segments):
                cas = [item for segment in loop if segment[0] == "CAS" for item in adjustments(segment)]
                assert sum((item[2] for item in cas if item[0] == "PR"), ZERO) == money(loop[0][5])


def test_a_zero_payment_is_a_notification_without_money(network: Generated) -> None:
    found = 0
    for path in landed(network, "835"):
        for _, segments in transactions(path):
            bpr = next(segment for segment in segments if segment[0] == "BPR")
            assert (bpr[1] == "H" and bpr[4] == "NON") == (money(bpr[2]) == 0)
            assert len(bpr) == 17
            found += bpr[4] == "NON"
    assert found > 0


def test_a_reversal_negates_its_original(ask: Ask) -> None:
    broken = ask("""
        select reversal.adjudication_no
        from adjudication as reversal
        join adjudication as original
            on reversal.org_id = original.org_id and reversal.reverses_no = original.adjudication_no
        where reversal.paid <> -original.paid
            or reversal.charge <> -original.charge
            or reversal.control <> original.control
            or reversal.claim_no <> original.claim_no
            or (reversal.remit_on, reversal.trace, reversal.ordinal)
                <= (original.remit_on, original.trace, original.ordinal)
    """)
    unlinked = ask("select * from adjudication where (status = '22') <> (reverses_no is not null)")
    assert not broken
    assert not unlinked


def test_a_forwarded_balance_comes_back_in_the_next_payment(ask: Ask) -> None:
    pairs = ask("""
        select count(*) filter (where amount < 0), count(*) filter (where amount > 0), min(total), max(parts)
        from (
            select reference, amount, sum(amount) over same as total, count(*) over same as parts
            from provider_adjustment where reason = 'FB'
            window same as (partition by org_id, reference)
        )
        where parts = 2
    """)
    negative, positive, total, parts = pairs[0]
    assert negative == positive > 0
    assert (total, parts) == (0, 2)


def test_a_secondary_answer_never_repeats_what_the_primary_settled(ask: Ask) -> None:
    wrong = ask("""
        with answer as (
            select adjudication.org_id, adjudication_no, any_value(adjudication.charge) as charge,
                sum(amount) filter (where carc = '23') as prior
            from adjudication join adjustment using (org_id, adjudication_no)
            where status = '2' group by all
        )
        select * from answer where coalesce(prior, 0) > charge
    """)
    assert not wrong


def test_files_use_several_delimiters_and_line_ends(network: Generated) -> None:
    heads = {path.read_bytes()[:110] for path in landed(network, "835")}
    separators = {(head[3:4], head[104:105], head[105:106]) for head in heads}
    assert len(separators) == 3
    assert any(len(list(interchanges(path))) == 2 for path in landed(network, "835"))
    assert any(b"~\r\n" in path.read_bytes() for path in landed(network, "277CA"))
