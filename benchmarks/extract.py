"""How fast a table becomes a kept extract, beside the driver's own fetch to Arrow, in one run.

    python benchmarks/extract.py --rows 1000000
    python benchmarks/extract.py --rows 10000000 --rounds 1 --backend postgresql

Every measurement is a process of its own, so that its peak memory is its own. Rounds are interleaved; the
best counts. `plain` fetches the table as it is with the ADBC driver and drops every batch, `fetch` does so
with the query of an extract, `extract` is all of it: connect, inspect, fetch, write Parquet, hash, force to
disk. Exit code 1 when an extract takes more than twice the time of `fetch`, or a gigabyte.
"""

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

COLUMNS = "id, enc, day, amount, units, code, changed"
GENERATED = """
    'C' || n as id, 'E' || n / 3 as enc, {day} as day, {amount} as amount, n % 5 as units,
    cast(99200 + n % 50 as text) as code, {changed} as changed
"""
MAPPING = """
system: bench
feeds:
  - feed: charges
    from: {table: charges, load: incremental, watermark: changed}
    into:
      - table: emr_charges
        fields: {charge_id: id, encounter_id: enc, service_date: day, charge_amount: amount, units: units}
"""


def fill_sqlite(file: Path, rows: int) -> str:
    made = GENERATED.format(
        day="'2024-03-01'", amount="n / 100.0", changed="datetime('2024-03-01', n || ' seconds')"
    )
    with closing(sqlite3.connect(file)) as database:
        database.execute(
            f"create table charges as with recursive numbers(n) as (select 1 union all select n + 1 "
            f"from numbers where n < {rows}) select {made} from numbers"
        )
        database.commit()
    return f"sqlite:///{file}"


@contextmanager
def filled(backend: str, rows: int, folder: Path) -> Iterator[str]:
    """The address of a database with that many charges."""
    if backend == "sqlite":
        yield fill_sqlite(folder / "charges.sqlite", rows)
        return
    from tests.postgres import running

    made = GENERATED.format(
        day="date '2024-03-01'",
        amount="cast(n / 100.0 as numeric(12, 2))",
        changed="timestamp '2024-03-01' + n * interval '1 second'",
    )
    with running() as server:
        server.run(f"create table charges as select {made} from generate_series(1, {rows}) as n")
        yield server.url


def measure(what: str, url: str, folder: Path) -> dict[str, float]:
    """Seconds and peak memory of one way to read the table, in this process."""
    from claimlake.lake.land import embedded  # noqa: F401 - the imports are not measured
    from claimlake.sources import extract, row_stream  # noqa: F401

    action = {"plain": fetch_plain, "fetch": fetch_text, "extract": keep}[what](url, folder)
    started, worked = time.perf_counter(), time.process_time()
    rows = action()
    elapsed, processor = time.perf_counter() - started, time.process_time() - worked
    status = Path("/proc/self/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    return {"rows": rows, "seconds": elapsed, "processor": processor, "peak_mb": peak}


def fetch_plain(url: str, _: Path) -> Callable[[], int]:
    return lambda: _drained(url, f"select {COLUMNS} from charges")


def fetch_text(url: str, folder: Path) -> Callable[[], int]:
    from sqlalchemy.engine import make_url

    from claimlake.sources.database import connected
    from claimlake.sources.source_table import inspected
    from claimlake.sources.table_origin import TableOrigin
    from claimlake.sources.table_query import statement, table_query
    from claimlake.tenant import Source

    origin = TableOrigin("charges")
    with connected(make_url(url), Source("bench", "bench")) as connection:
        table = inspected(connection, origin, "")
        sql = statement(table_query(connection.dialect, table, origin, None), connection.dialect.name)
    return lambda: _drained(url, sql)


def _drained(url: str, sql: str) -> int:
    import nanoarrow
    from sqlalchemy.engine import make_url

    from claimlake.sources.row_stream import arrow_stream

    with arrow_stream(make_url(url), sql, "bench") as stream:
        return sum(batch.length for batch in nanoarrow.c_array_stream(stream))


def keep(url: str, folder: Path) -> Callable[[], int]:
    from sqlalchemy.engine import make_url

    from claimlake.lake.ledger import Ledger
    from claimlake.sources.extract import Extraction, cleared, folder_of
    from claimlake.sources.ingest import all_contracts
    from claimlake.sources.mapping import read_mapping
    from claimlake.tenant import Source
    from claimlake.workspace import Workspace

    workspace = Workspace.create(Path(tempfile.mkdtemp(dir=folder)) / "lake")
    file = workspace.path / "sources" / "bench.yml"
    file.write_text(MAPPING)
    Ledger(workspace, "bench", "bench").prepare()
    contracts = all_contracts(workspace)
    (feed,) = read_mapping(file, contracts).feeds
    waiting = cleared(folder_of(workspace, "bench", "bench"), [])
    extraction = Extraction(
        workspace, "bench", Source("bench", "bench"), make_url(url), contracts, waiting, lambda _: None
    )

    def extracted() -> int:
        import duckdb

        found = extraction.read(feed, None)
        assert found.delivery
        kept = waiting / found.delivery.file_id
        count = duckdb.sql(f"select count(*) from read_parquet('{kept}')").fetchall()[0][0]
        kept.unlink()
        return int(count)

    return extracted


def in_a_process(what: str, url: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", what, "--folder", str(folder)]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env=os.environ | {"BENCH_URL": url}
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def compare(backend: str, rows: int, rounds: int) -> bool:
    best: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name, filled(backend, rows, Path(name)) as url:
        for _ in range(rounds):
            for what in ("plain", "fetch", "extract"):
                found = in_a_process(what, url, Path(name))
                assert found["rows"] == rows, found
                before = best.get(what, found)
                best[what] = {key: min(value, found[key]) for key, value in before.items()}
                best[what]["peak_mb"] = max(before["peak_mb"], found["peak_mb"])
    fetch = best["fetch"]["seconds"]
    for what, found in best.items():
        print(
            f"{backend:<11}{rows:>11,}  {what:<8}{found['seconds']:>8.2f} s  {found['processor']:>7.2f} s of "
            f"processor {rows / found['seconds']:>12,.0f} rows/s {found['seconds'] / fetch:>6.2f} x fetch "
            f"{found['peak_mb']:>6.0f} MB"
        )
    return best["extract"]["seconds"] <= 2 * fetch and best["extract"]["peak_mb"] < 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backend", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.measure, os.environ["BENCH_URL"], given.folder)))
        return 0
    backends = given.backend or ["sqlite", "postgresql"]
    kept = [compare(backend, given.rows, given.rounds) for backend in backends]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
