from pathlib import Path

import duckdb
import pytest

from claimlake.errors import SourceError
from claimlake.sources.content import content_of
from claimlake.sources.parquet import columns_of_parquet, read_parquet
from claimlake.sources.record import TABLE

QUERY = """
    select 12345678901234567.89::decimal(38,2) as amount, date '2024-02-29' as day, 1::tinyint as n,
        true as flag, timestamptz '2024-05-01 10:00:00-05:00' as at, {'code': 'A', 'tags': [1, 2]} as nested,
        null::varchar as gone, 'text'::blob as bytes, 988.37::double as price
    union all select 0.10, date '2024-03-01', 2, false, null, null, 'x', '\\xFF'::blob, 0.1
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    duckdb.sql(f"copy ({QUERY}) to '{tmp_path / 'a'}' (format parquet)")
    return tmp_path / "a"


def test_every_type_becomes_its_exact_text(file: Path) -> None:
    assert content_of(file).format == "parquet"
    with duckdb.connect() as connection:
        found = read_parquet(connection, file, ["gone"])
        rows = connection.sql(
            f"select * exclude (_raw, _hash, _offset, _length) from {TABLE} order by _row"
        ).fetchall()
        raw = connection.sql(f"select _raw from {TABLE} order by _row").fetchall()[1][0]
    assert list(found.columns) == columns_of_parquet(file)
    assert rows == [
        (
            *(1, "12345678901234567.89", "2024-02-29", "1", "true", "2024-05-01 15:00:00"),
            *('{"code":"A","tags":[1,2]}', None, "text", "988.37"),
        ),
        (2, "0.10", "2024-03-01", "2", "false", None, None, "x", "FF", "0.1"),
    ]
    assert "gone" not in raw


def test_half_a_file_is_named(file: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert content_of(file).problem == "is a Parquet file without its end, so only a part of it came"
    file.write_bytes(whole[:40] + whole[90:])
    with duckdb.connect() as connection, pytest.raises(SourceError, match="damaged"):
        read_parquet(connection, file)
