"""The shipped catalogue and engines to run it on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from claimlake.engines.duckdb import DuckDBEngine
from claimlake.metrics.catalog import Catalog, read_catalog
from claimlake.workspace import content_path


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return read_catalog([content_path() / "metrics"])


@pytest.fixture(scope="session")
def duckdb_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    engine = DuckDBEngine(spill_path=Path(tmp_path_factory.mktemp("spill")), memory_limit="1GB", threads=1)
    yield engine
    engine.close()
