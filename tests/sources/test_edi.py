from decimal import Decimal
from pathlib import Path

import pytest

from claimlake.lake.quarantine import quarantine
from claimlake.sources import edi
from tests.sources.landing import deliver, only, rows, run, without_database


def interchange(*transactions: str, control: int = 1, separator: str = "*") -> str:
    isa = (
        "ISA*00*          *00*          *ZZ*PAYER          *ZZ*NORTH          "
        f"*240301*1200*^*00501*{control:09}*0*P*:~"
    )
    gs = f"GS*HP*PAYER*NORTH*20240301*1200*{control}*X*005010X221A1~"
    end = f"GE*{len(transactions)}*{control}~IEA*1*{control:09}~"
    return (isa + gs + "".join(transactions) + end).replace("*", separator)


def remittance(number: int, claims: int = 1, *, paid: int = 80, payee: str = "1234567893") -> str:
    loops = "".join(
        f"CLP*A{number}-{claim}*1*100*{paid}**12*C1~CAS*CO*45*{100 - paid}~NM1*QC*1*ELM*ANN~"
        for claim in range(claims)
    )
    return (
        f"ST*835*{number:04}~BPR*I*{80 * claims}*C*CHK************20240301~TRN*1*TRACE{number}*1999999999~"
        f"N1*PR*ACME~N1*PE*GENERAL*XX*{payee}~LX*1~{loops}SE*{7 + 3 * claims}*{number:04}~"
    )


def test_files_read_together_keep_their_own_numbers_and_places(tmp_path: Path) -> None:
    alone, together = without_database(tmp_path / "alone"), without_database(tmp_path / "together")
    files = {
        "a.835": interchange(remittance(1, 2), remittance(2)),
        "b.835": interchange(remittance(3, 3), control=2, separator="|"),
        "c.835": interchange(remittance(4), control=3) + "\r\n",
    }
    for name, content in files.items():
        deliver(alone, f"edi/{name}", content)
        run(alone)
        deliver(together, f"edi/{name}", content)
    report = run(together)
    assert [file.counts.loaded for file in report.files] == [2, 1, 1]
    for table, columns in (
        ("era_835", "source_file, transaction_no, claim_no, claim_id, source_row, byte_offset, record_hash"),
        ("era_835_adjustment", "source_file, transaction_no, claim_no, amount, source_row, byte_offset"),
        ("x12_transaction", "source_file, transaction_no, interchange_no, group_no, source_row, byte_offset"),
        (
            "x12_interchange",
            "source_file, interchange_no, control_number, source_row, byte_offset, byte_length",
        ),
    ):
        assert rows(together, f"bronze.{table}", columns) == rows(alone, f"bronze.{table}", columns)
    for name, place, length, claim in rows(
        together, "bronze.era_835", "source_file, byte_offset, byte_length, claim_id"
    ):
        assert files[name][place : place + length][4:].startswith(claim)


def test_a_transaction_that_does_not_balance_is_held_whole_and_its_neighbour_is_loaded(
    tmp_path: Path,
) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, "edi/a.835", interchange(remittance(1, paid=70), remittance(2)))
    file = only(run(workspace))
    assert (file.counts.loaded, file.counts.quarantined) == (1, 1)
    assert [rule for rule, _ in file.quarantined] == ["ERA-01"]
    assert file.as_dict()["amounts"] == {
        "bronze.era_835_transaction.payment_amount": {
            "delivered": "160.00",
            "loaded": "80.00",
            "quarantined": "80.00",
            "duplicates": "0.00",
        }
    }
    assert rows(workspace, "bronze.era_835", "claim_id, paid_amount, transaction_no") == [
        ("A2-0", Decimal("80.00"), 2)
    ]
    (held,) = quarantine(workspace, "north")
    assert (held.rule_id, held.source_row, held.source_file) == ("ERA-01", 3, "a.835")
    states = rows(workspace, "bronze.x12_transaction", "transaction_no, status, reason_code")
    assert states == [(1, "quarantined", "ERA-01"), (2, "accepted", None)]


def test_a_remittance_for_a_payee_of_another_organisation_is_held(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, "edi/a.835", interchange(remittance(1, payee="1245319599"), remittance(2)))
    file = only(run(workspace))
    assert file.quarantined == {("ERA-05", "remittance for a payee of another organisation"): 1}
    assert rows(workspace, "bronze.era_835", "claim_id") == [("A2-0",)]


def test_the_same_remittance_in_another_envelope_is_a_duplicate(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, "edi/a.835", interchange(remittance(1)))
    run(workspace)
    deliver(workspace, "edi/b.835", interchange(remittance(1), remittance(2), control=9))
    file = only(run(workspace))
    assert (file.counts.delivered, file.counts.loaded, file.counts.duplicates) == (2, 1, 1)
    amounts = file.amounts["bronze.era_835_transaction.payment_amount"]
    assert (amounts.delivered, amounts.loaded, amounts.duplicates) == (Decimal(160), Decimal(80), Decimal(80))
    assert rows(workspace, "bronze.era_835", "claim_id") == [("A1-0",), ("A2-0",)]


def test_what_is_not_supported_is_named_and_kept(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, "edi/a.270", interchange("ST*270*0001~BHT*0022*13*1*20240301*1200~SE*3*0001~"))
    report = run(workspace)
    assert report.exit_code == 0
    assert only(report).unsupported == {"not supported: 270": 1}
    assert rows(workspace, "bronze.x12_transaction", "status") == [("unsupported",)]


def test_a_file_cut_off_in_the_middle_is_held_and_one_that_is_no_x12_is_refused(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    text = interchange(remittance(1, 3))
    deliver(workspace, "edi/cut.835", text[: text.rindex("CLP")])
    deliver(workspace, "edi/other.835", "claim,amount\n1,2\n")
    other, cut = run(workspace).files
    assert (cut.counts.loaded, cut.counts.quarantined) == (0, 1)
    assert other.quarantined == {("ALL-16", "file is delimited, not x12"): 1}


def test_a_large_file_is_stored_in_pieces_with_running_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = without_database(tmp_path)
    monkeypatch.setattr(edi, "SMALL_BYTES", 100)
    monkeypatch.setattr(edi, "FLUSH_BYTES", 200)
    deliver(workspace, "edi/a.835", interchange(*(remittance(number, 2) for number in range(1, 6))))
    assert only(run(workspace)).counts.loaded == 5
    numbers = rows(workspace, "bronze.era_835", "claim_no, transaction_no")
    assert numbers == [(claim, (claim + 1) // 2) for claim in range(1, 11)]


def test_the_charges_of_claims_are_reported_held_or_not(tmp_path: Path) -> None:
    def claim(number: int, charge: str, ending: str) -> str:
        return (
            f"ST*837*{number:04}*005010X222A1~BHT*0019*00*{number}*20240301*1200*CH~HL*1**20*1~"
            f"NM1*85*2*GENERAL*****XX*1234567893~HL*2*1*22*0~SBR*P*18~NM1*IL*1*ELM*ANN****MI*M1~"
            f"CLM*A{number}*{charge}***11:B:1*Y*A*Y*Y~LX*1~SV1*HC:99213*{charge}*UN*1***1~{ending}"
        )

    workspace = without_database(tmp_path)
    whole, cut = claim(1, "100.5", "SE*11*0001~"), claim(2, "20", "")
    deliver(workspace, "edi/a.837", interchange(whole, cut).partition("GE*")[0])
    file = only(run(workspace))
    assert file.as_dict()["amounts"] == {
        "bronze.claims_837.total_charge_amount": {
            "delivered": "120.50",
            "loaded": "100.50",
            "quarantined": "20.00",
            "duplicates": "0.00",
        }
    }
