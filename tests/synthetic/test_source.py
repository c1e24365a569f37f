"""The mappings of the two health systems fit the databases and files the network writes."""

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from claimlake.sources.file_origin import FileOrigin
from claimlake.sources.ingest import all_contracts
from claimlake.sources.mapping import Feed, load_mappings
from claimlake.sources.projection import define_functions, define_records, project
from claimlake.sources.table_origin import TableOrigin
from claimlake.synthetic.network import Generated
from claimlake.tenant import load_tenants
from claimlake.workspace import Workspace

pytestmark = pytest.mark.xdist_group("network")

SYSTEMS = ("peterson_health", "citizens_medical_center")
Records = tuple[list[str], list[tuple[str | None, ...]]]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace.create(tmp_path_factory.mktemp("workspace") / "lake")


def database_records(network: Generated, source_id: str, origin: TableOrigin) -> Records:
    with closing(sqlite3.connect(network.out / "emr" / f"{source_id}.sqlite")) as database:
        cursor = database.execute(f"select * from {origin.table}")
        names = [column[0] for column in cursor.description]
        rows = [tuple(None if value is None else str(value) for value in row) for row in cursor]
    assert origin.watermark is None or origin.watermark in names
    assert set(origin.key) <= set(names)
    return names, rows


def file_records(folder: Path, origin: FileOrigin) -> Records:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    path = next(path for path in files if origin.takes(str(path.relative_to(folder))))
    if origin.format == "json":
        objects = json.loads(path.read_text(encoding="utf-8"))
        return list(objects[0]), [
            tuple(None if value is None else str(value) for value in item.values()) for item in objects
        ]
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, delimiter=origin.delimiter or ",")
    return header, [tuple(value or None for value in row) for row in rows]


def records(network: Generated, org_id: str, feed: Feed) -> Records:
    tenant = next(tenant for tenant in load_tenants(network.out / "tenants") if tenant.org_id == org_id)
    if isinstance(feed.origin, TableOrigin):
        source = next(source for source in tenant.sources if source.url)
        return database_records(network, source.id, feed.origin)
    return file_records(network.out / "landing" / org_id, feed.origin)


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_feed_gives_typed_rows_with_their_keys(
    network: Generated, workspace: Workspace, system: str
) -> None:
    contracts = all_contracts(workspace)
    mapping = load_mappings(workspace, contracts, {system})[system]
    for feed in mapping.feeds_of("any"):
        names, rows = records(network, system, feed)
        assert rows, feed.name
        with duckdb.connect() as database:
            define_functions(database, b"secret")
            database.execute(
                f"create table record (_row int, {', '.join(f'c{n} varchar' for n in range(len(names)))})"
            )
            places = ", ".join("?" * (len(names) + 1))
            database.executemany(
                f"insert into record values ({places})", [(n, *row) for n, row in enumerate(rows[:200])]
            )
            define_records(database, feed, {name: f"c{n}" for n, name in enumerate(names)}, "record")
            for target in feed.into:
                projection = project(target, contracts[target.table])
                found = database.execute(
                    f"select distinct _fault from ({projection.sql}) where _fault is not null"
                ).fetchall()
                faults = {projection.faults[position].rule for (position,) in found}
                assert not faults & {"ALL-07", "ALL-09", "ALL-10", "ALL-13"}, (feed.name, found)


def test_the_two_systems_share_no_table_and_few_columns(network: Generated) -> None:
    columns = []
    for source_id in ("peterson_general_emr", "citizens_emr"):
        with closing(sqlite3.connect(network.out / "emr" / f"{source_id}.sqlite")) as database:
            columns.append(
                {
                    row[0]
                    for (table,) in database.execute(
                        "select name from sqlite_master where type = 'table'"
                    ).fetchall()
                    for row in database.execute(f"select name from pragma_table_info('{table}')")
                }
            )
    assert not columns[0] & columns[1]
