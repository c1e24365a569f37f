"""One generated network for all tests of this folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from claimlake.synthetic.network import Generated, generate

Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    return generate(tmp_path_factory.mktemp("network"))


@pytest.fixture(scope="session")
def ask(network: Generated) -> Ask:
    """Rows of a query over the truth tables."""
    database = duckdb.connect()
    for path in sorted(network.truth.glob("*.parquet")):
        database.execute(f"create view \"{path.stem}\" as select * from read_parquet('{path}')")
    return lambda sql: database.execute(sql).fetchall()


def landed(network: Generated, kind: str) -> list[Path]:
    """Every landed X12 file of one kind, in order of name."""
    return sorted((network.out / "landing").glob(f"*/*/{kind}/*"))
