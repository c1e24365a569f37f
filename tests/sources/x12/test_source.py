"""Archives: unpacked in place, refused when they are damaged or made to fill a disk."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from claimlake.errors import SourceError
from claimlake.sources.x12 import read_tables, source


def test_an_archive_made_to_fill_the_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_ALWAYS_ALLOWED", 1024)
    bomb = tmp_path / "bomb.835.gz"
    bomb.write_bytes(gzip.compress(b"\0" * 50_000_000))
    with pytest.raises(SourceError, match="200 times its size"):
        source.content_of(bomb)


@pytest.mark.parametrize("place", [40, -6], ids=["member", "place of the directory"])
def test_a_damaged_archive_is_named_without_its_members(tmp_path: Path, place: int) -> None:
    damaged = tmp_path / "one.zip"
    with zipfile.ZipFile(damaged, "w") as archive:
        archive.writestr("DOE_JO_835.txt", "ISA*")
    content = bytearray(damaged.read_bytes())
    content[place : place + 4 if place > 0 else -2] = b"????"
    damaged.write_bytes(bytes(content))
    for what in (damaged, io.BytesIO(bytes(content))):
        with pytest.raises(SourceError, match="cannot be unpacked") as caught:
            source.content_of(what)
        assert "DOE" not in str(caught.value)


def test_a_remittance_cut_inside_a_claim_is_held_though_its_payment_adds_up(tmp_path: Path) -> None:
    text = (
        "ISA*00*          *00*          *ZZ*PAYER          *ZZ*PROVIDER       *260105*0900*^*00501*000000001"
        "*0*T*:~GS*HP*PAYER*PROVIDER*20260105*0900*1*X*005010X221A1~ST*835*0001~"
        "BPR*I*60*C*ACH*CCP*01*111000025*DA*1*1999999999**01*111000025*DA*2*20260105~TRN*1*T1*1999999999~"
        "N1*PR*INVENTED PAYER~N1*PE*INVENTED CLINIC*XX*1234567893~LX*1~"
        "CLP*C1*1*100*60*10*12*PCN1~CAS*CO*45*30~"
    )
    cut = tmp_path / "cut.835"
    cut.write_text(text, encoding="ascii")
    (transaction,) = read_tables(cut).transactions
    assert (transaction.status, transaction.reason_code) == ("quarantined", "X12-06")
