import hashlib
import sqlite3
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from claimlake.keys import is_npi
from claimlake.synthetic.calendar import iso
from claimlake.synthetic.network import Generated, generate
from claimlake.tenant import load_tenants
from tests.synthetic.conftest import Ask

pytestmark = pytest.mark.xdist_group("network")


def fingerprint(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    generate(tmp_path / "first", claims=80, seed=7)
    generate(tmp_path / "second", claims=80, seed=7)
    assert fingerprint(tmp_path / "first") == fingerprint(tmp_path / "second")


def test_another_seed_tells_another_story(tmp_path: Path) -> None:
    first = generate(tmp_path / "first", claims=60, seed=1)
    second = generate(tmp_path / "second", claims=60, seed=2)
    assert fingerprint(first.truth) != fingerprint(second.truth)


def test_nothing_happens_after_the_last_day(network: Generated, ask: Ask) -> None:
    for table, column in (
        ("charge", "post_on"),
        ("submission", "submit_on"),
        ("submission", "payer_on"),
        ("submission", "clearinghouse_on"),
        ("adjudication", "remit_on"),
        ("transaction", "post_on"),
        ("work_event", "event_on"),
        ("account", "final_bill_on"),
        ("account", "discharge_on"),
    ):
        assert ask(f'select max({column}) from "{table}"')[0][0] <= date(2026, 9, 30), (table, column)


def test_account_balances_roll_forward_to_the_cent(ask: Ask) -> None:
    wrong = ask("""
        with movement as (
            select org_id, entity_id, account_id, amount from charge
            union all
            select org_id, entity_id, account_id, -amount from "transaction" where account_id is not null
        )
        select account_id from account
        left join (select org_id, entity_id, account_id, sum(amount) as total from movement group by all)
            using (org_id, entity_id, account_id)
        where balance <> coalesce(total, 0)
    """)
    assert not wrong


def test_remittance_money_reaches_the_ledger(ask: Ask) -> None:
    """What a payment pays is posted under its trace, applied or not, once its post dates have passed."""
    missing = ask("""
        select trace, paid, posted
        from (
            select org_id, trace, sum(paid) as paid from adjudication
            where remit_on <= '2026-09-01' group by all
        )
        left join (
            select org_id, trace, sum(amount) as posted from "transaction"
            where transaction_type = 'payment' and payment_source = 'payer' group by all
        ) using (org_id, trace)
        where paid <> coalesce(posted, 0)
    """)
    assert not missing


def test_emr_databases_hold_the_ledger_of_the_truth(network: Generated, ask: Ask) -> None:
    truth = dict(ask('select source_id, sum(amount) from "transaction" group by all'))
    for source, sql in (
        ("peterson_general_emr", "select TX_AMOUNT from TX_PAYADJ"),
        ("peterson_valley_emr", "select TX_AMOUNT from TX_PAYADJ"),
        ("citizens_emr", "select Amt from BarReceipt"),
    ):
        with sqlite3.connect(network.out / "emr" / f"{source}.sqlite") as database:
            total = sum((Decimal(row[0]) for row in database.execute(sql)), Decimal(0))
        database.close()
        # The Citizens EMR stores credits as negative amounts.
        assert total == (truth[source] if source.startswith("peterson") else -truth[source])


def test_ids_repeat_across_the_two_hospitals(ask: Ask) -> None:
    accounts, encounters, patients = ask("""
        select count(*), count(*) filter (where a.encounter_id = b.encounter_id),
            count(*) filter (where a.patient_id = b.patient_id)
        from account as a
        join account as b
            on a.org_id = b.org_id and a.account_id = b.account_id and a.entity_id < b.entity_id
    """)[0]
    assert accounts == encounters > 500
    same_number = ask("""
        select count(distinct patient_id) from account
        where source_id = 'peterson_valley_emr' and patient_id in (
            select patient_id from account where source_id = 'peterson_general_emr'
        )
    """)[0][0]
    assert same_number > 100
    assert patients >= 0


def test_account_numbers_are_unique_in_an_entity(ask: Ask) -> None:
    assert not ask("select 1 from account group by org_id, entity_id, account_id having count(*) > 1")


def test_every_npi_passes_its_check_digit(network: Generated, ask: Ask) -> None:
    numbers = [row[0] for row in ask("select distinct npi from provider")]
    for tenant in load_tenants(network.out / "tenants"):
        for entity in tenant.entities:
            numbers += [entity.billing_npi, *(place.npi for place in entity.facilities)]
    assert len(numbers) > 80
    assert all(number and is_npi(number) for number in numbers)


def test_one_claim_in_eight_is_denied_at_first(ask: Ask) -> None:
    rate = ask("""
        with first as (
            select org_id, claim_no, denied,
                row_number() over (partition by org_id, claim_no order by remit_on, trace, ordinal) as turn
            from adjudication where status <> '22'
        )
        select avg(cast(denied > 0 as int)) from first where turn = 1
    """)[0][0]
    assert 0.10 < rate < 0.135


def test_denial_categories_have_the_published_shares(ask: Ask) -> None:
    shares = dict(
        ask("""
        with claim_category as (
            select distinct org_id, claim_no, category
            from adjustment join adjudication using (org_id, adjudication_no)
            where category is not null and amount > 0
        )
        select category, count(*) / sum(count(*)) over () from claim_category group by all
    """)
    )
    assert 0.17 < shares["eligibility"] < 0.30
    assert 0.10 < shares["claim_data"] < 0.20
    assert 0.08 < shares["authorization"] < 0.18
    assert 0.06 < shares["documentation"] < 0.16
    assert 0.05 < shares["non_covered"] < 0.14


SITUATIONS = {
    "reversal": "adjudication where status = '22'",
    "patient not identified": "adjudication where status = '4'",
    "forwarded to the next payer": "adjudication where status = '19'",
    "secondary answer": "adjudication where status = '2'",
    "corrected claim": "submission where frequency = '7'",
    "corrected claim that pays": "adjudication where frequency = '7' and paid > 0",
    "batch rejection": "submission where rejection_level = 'batch'",
    "provider rejection": "submission where rejection_level = 'provider'",
    "payer rejection": "submission where rejected_by = 'payer'",
    "clearinghouse only": "submission where outcome = 'acknowledged'",
    "duplicate": "adjustment where carc = '18'",
    "unmapped code": "adjustment where category = 'unmapped'",
    "denial to the patient": "adjustment where category is not null and group_code = 'PR'",
    "payer initiated": "adjustment where group_code = 'PI'",
    "sequestration": "adjustment where carc = '253'",
    "remark override": "adjustment where carc = '16' and category = 'eligibility'",
    "remark on the claim": """
        adjustment join service using (org_id, adjudication_no, line_number)
        where adjustment.remark_codes is not null and service.remark_codes is null
    """,
    "downcoded visit": "service where paid_code is not null",
    "downcoding denial": "adjustment where carc = '150'",
    "status denial": "adjustment where carc in ('50', '58', '78', '152', '186') and level = 'claim'",
    "interest": "provider_adjustment where reason = 'L6'",
    "takeback later": "provider_adjustment where reason = 'WO' and amount > 0",
    "unapplied cash applied": '"transaction" where account_id is null and amount < 0',
    "refund": "\"transaction\" where transaction_type = 'refund'",
    "denial write-off": "\"transaction\" where writeoff_category = 'denial'",
    "timely filing write-off": "\"transaction\" where writeoff_category = 'timely_filing'",
    "credit balance": "account where balance < 0",
    "in house": "account where discharge_on is null",
    "not final billed": "account where discharge_on is not null and final_bill_on is null",
    "self pay": "account where payer_class = 'self_pay'",
    "unknown payer": "claim where payer_id = 'unmapped'",
    "no contract term": "claim where expected_allowed is null and payer_id <> 'unmapped'",
    "negative revenue": "gl_month where measure = 'npsr' and amount < 0",
    "open month": "gl_month where not is_closed",
    "authorization event without flag": "account where not is_auth_required and auth_status = 'approved'",
    "rejected and never sent again": """
        (
            select arg_max(outcome, submission_no) as last_outcome from submission group by org_id, claim_no
        ) where last_outcome = 'rejected'
    """,
    "accepted and never answered": """
        submission anti join adjudication using (org_id, claim_no)
        where outcome = 'accepted' and submit_on < '2026-06-01'
    """,
    "reversal without a correction yet": """
        (
            select arg_max(status, adjudication_no) as last_status from adjudication group by org_id, claim_no
        ) where last_status = '22'
    """,
    "payment taken back and denied": """
        adjudication as denial join adjudication as reversal using (org_id, claim_no)
        where reversal.status = '22' and reversal.paid < 0 and denial.denied > 0
            and denial.adjudication_no > reversal.adjudication_no
    """,
    "secondary never billed": """
        account join claim using (org_id, entity_id, account_id) join adjudication using (org_id, claim_no)
        where payer_sequence = 'P' and secondary_payer_id is not null and patient_share > 0
            and (org_id, entity_id, account_id) not in (
                select (org_id, entity_id, account_id) from claim where payer_sequence = 'S'
            )
    """,
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_situation_occurs(ask: Ask, situation: str) -> None:
    assert ask(f"select count(*) from {SITUATIONS[situation]}")[0][0] >= 2


def test_days_are_spelled_without_a_time() -> None:
    assert iso(date(2026, 2, 28).toordinal()) == "2026-02-28"
