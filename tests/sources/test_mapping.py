from datetime import timedelta
from pathlib import Path

import pytest

from claimlake.errors import ConfigurationError
from claimlake.lake.contract import Column, Contract
from claimlake.sources.file_origin import FileOrigin
from claimlake.sources.ingest import all_contracts
from claimlake.sources.mapping import read_mapping, source_columns
from claimlake.sources.table_origin import TableOrigin
from claimlake.workspace import Workspace, content_path

CONTRACTS = {
    "bronze.t": Contract("bronze.t", "one", ("k",), (Column("k", "text", required=True), Column("v", "text")))
}
GOOD = """
system: small
feeds:
  - feed: one
    from: {file: "**/*.csv"}
    into:
      - {table: t, where: X is not null, fields: {k: ID, v: "coalesce(A, 'none')"}}
"""


def read(folder: Path, text: str) -> object:
    file = folder / "small.yml"
    file.write_text(text)
    return read_mapping(file, CONTRACTS)


def test_a_feed_knows_the_columns_it_reads(tmp_path: Path) -> None:
    file = tmp_path / "small.yml"
    file.write_text(GOOD)
    (feed,) = read_mapping(file, CONTRACTS).feeds
    assert feed.referenced() == {"ID": {"k"}, "A": {"v"}, "X": {""}}
    assert source_columns("_row + cast(n as int)") == {"n"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("table: t,", "table: u,", "no bronze table 'u'"),
        ("v: ", "w: ", "'w' is not known"),
        ("k: ID, ", "", "required column 'k' gets no value"),
        ("k: ID", "k: ID +", "not a SQL expression"),
        ("k: ID", 'k: "(select 1)"', "holds no query"),
        ("from: {file", "from: {fil", "Did you mean 'file'"),
        ("system: small", "system: large", "not the file's name"),
        ("from: {file", "source_system_id: reference\n    from: {file", "is that of the code sets"),
        ('{file: "**/*.csv"}', "{table: x, load: incremental}", "no watermark"),
        ('{file: "**/*.csv"}', '{file: "*", format: xml}', "Choose from: any, delimited, json"),
    ],
)
def test_a_wrong_mapping_is_refused_with_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigurationError) as error:
        read(tmp_path, GOOD.replace(old, new))
    assert message in str(error.value)
    assert "small.yml" in str(error.value)


@pytest.mark.parametrize(
    ("pattern", "path", "takes"),
    [
        ("**", "a/b/c.x", True),
        ("**/patients*", "patients.csv", True),
        ("**/patients*", "2024/05/Patients_1.CSV", True),
        ("**/hospital-a/*patient*", "EMR/hospital-a/patients.csv", True),
        ("**/hospital-a/*patient*", "EMR/hospital-b/patients.csv", False),
        ("claims.csv", "old/claims.csv", False),
    ],
)
def test_patterns_take_paths_of_any_depth_and_case(pattern: str, path: str, takes: bool) -> None:
    assert FileOrigin(pattern, "delimited").takes(path) is takes


def test_every_mapping_we_ship_fits_the_contracts(tmp_path: Path) -> None:
    contracts = all_contracts(Workspace.create(tmp_path / "workspace"))
    for file in sorted((content_path() / "sources").glob("*.yml")):
        assert read_mapping(file, contracts).feeds


@pytest.mark.parametrize(
    ("written", "meant"),
    [("3 days", timedelta(days=3)), ("1 hour", timedelta(hours=1)), ("90 minutes", timedelta(minutes=90))],
)
def test_a_lookback_is_a_span_of_time_or_a_number(tmp_path: Path, written: str, meant: timedelta) -> None:
    assert _table(tmp_path, f"lookback: {written}").lookback == meant
    assert _table(tmp_path, "lookback: 1000").lookback == 1000


@pytest.mark.parametrize("written", ["soon", "-1", "3 parsecs", "true"])
def test_a_lookback_that_is_neither_is_refused(tmp_path: Path, written: str) -> None:
    with pytest.raises(ConfigurationError, match="lookback"):
        _table(tmp_path, f"lookback: {written}")


def test_a_watermark_that_is_omitted_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="watermark 'changed' is among the omitted columns"):
        _table(tmp_path, "load: incremental, watermark: changed", "omit: [Changed]")


def _table(folder: Path, origin: str, more: str = "active: true") -> TableOrigin:
    file = folder / "small.yml"
    file.write_text(
        f"system: small\nfeeds:\n- feed: one\n  from: {{table: t, {origin}}}\n  {more}\n"
        "  into: [{table: t, fields: {k: id}}]\n"
    )
    (feed,) = read_mapping(file, CONTRACTS).feeds
    assert isinstance(feed.origin, TableOrigin)
    return feed.origin
