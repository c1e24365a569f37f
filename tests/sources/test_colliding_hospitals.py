"""Two hospitals whose ids are the same throughout: no row of silver mixes them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb

from claimlake.lake.build import build
from claimlake.lake.table import Lake
from claimlake.sources.ingest import all_contracts
from claimlake.workspace import Workspace
from tests.sources.landing import run

TENANT = """
org_id: north
name: North
entities:
  - {entity_id: alpha, name: alpha, type: hospital, billing_type: HB, billing_npi: "1230002010"}
  - {entity_id: beta, name: beta, type: hospital, billing_type: HB, billing_npi: "1230002028"}
sources:
  - {id: hos_alpha, system: clinic, entity_id: alpha, url: "sqlite:///alpha.sqlite"}
  - {id: hos_beta, system: clinic, entity_id: beta, url: "sqlite:///beta.sqlite"}
"""
MAPPING = """
system: clinic
feeds:
  - feed: departments
    from: {table: departments, key: [id]}
    into: [{table: emr_departments, fields: {department_id: id, department_name: name}}]
  - feed: providers
    from: {table: providers, key: [id]}
    into:
      - table: emr_providers
        fields: {provider_id: id, provider_name: name, specialty: specialty, department_id: dept}
  - feed: patients
    from: {table: patients, load: incremental, watermark: changed, key: [id]}
    into:
      - table: emr_patients
        fields:
          patient_id: id
          first_name: first
          last_name: last
          birth_date: born
          street: street
          modified_at: changed
  - feed: encounters
    from: {table: encounters, load: incremental, watermark: changed, key: [id]}
    into:
      - table: emr_encounters
        fields:
          encounter_id: id
          account_id: id
          patient_id: patient
          department_id: dept
          rendering_provider_id: provider
          encounter_class: "'outpatient'"
          billing_type: "'HB'"
          admit_at: visited
          discharge_at: visited
          modified_at: changed
  - feed: transactions
    from: {table: transactions, load: incremental, watermark: changed, key: [id]}
    into:
      - table: emr_charges
        fields:
          charge_id: id
          encounter_id: encounter
          service_date: day
          post_date: day
          procedure_code: code
          units: "1"
          charge_amount: amount
          modified_at: changed
"""
SIZE = 40


def fill(file: Path, word: str, cents: int) -> None:
    """A hospital whose every id and time is that of the other, and whose contents all carry its name."""
    with closing(sqlite3.connect(file)) as database:
        database.executescript(
            "create table departments (id text, name text);"
            "create table providers (id text, name text, specialty text, dept text);"
            "create table patients (id text, first text, last text, born text, street text, changed text);"
            "create table encounters (id text, patient text, dept text, provider text, visited text, "
            "changed text);"
            "create table transactions "
            "(id text, encounter text, day text, code text, amount numeric, changed text);"
        )
        for n in range(SIZE):
            changed = f"2024-03-{n % 20 + 1:02d} 10:00:00"
            database.execute("insert into departments values (?, ?)", (f"D{n}", f"{word} ward {n}"))
            database.execute(
                "insert into providers values (?, ?, ?, ?)", (f"R{n}", f"{word} doctor {n}", word, f"D{n}")
            )
            database.execute(
                "insert into patients values (?, ?, ?, ?, ?, ?)",
                (f"P{n}", word, f"{word} {n}", f"19{50 + n}-01-02", f"{word} street", changed),
            )
            database.execute(
                "insert into encounters values (?, ?, ?, ?, ?, ?)",
                (f"E{n}", f"P{n}", f"D{n}", f"R{n}", "2024-02-01 08:00:00", changed),
            )
            database.execute(
                "insert into transactions values (?, ?, ?, ?, ?, ?)",
                (f"T{n}", f"E{n}", "2024-02-01", "99213", f"{n + 1}.{cents}", changed),
            )
        database.commit()


def test_no_row_of_one_hospital_carries_a_value_of_the_other(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "lake")
    (workspace.path / "tenants" / "north.yml").write_text(TENANT)
    (workspace.path / "sources" / "clinic.yml").write_text(MAPPING)
    fill(workspace.path / "alpha.sqlite", "alpha", 11)
    fill(workspace.path / "beta.sqlite", "beta", 77)
    report = run(workspace)
    assert (report.errors, report.total.loaded) == ([], 2 * 5 * SIZE)
    build(workspace, contracts=all_contracts(workspace))
    lake = Lake(workspace.lake_path)
    mixed = {}
    seen = {}
    with duckdb.connect() as database:
        for table in (*lake.names("silver"), *lake.names("gold")):
            if not lake.files(table):
                continue
            database.execute(
                f"create or replace view one as from read_parquet({lake.files(table)}, union_by_name = true)"
            )
            database.execute(
                "create or replace view said as select lower(cast(one as text)) as text from one"
            )
            alpha = "(text like '%alpha%' or regexp_matches(text, '[0-9][.]11[^0-9]'))"
            beta = "(text like '%beta%' or regexp_matches(text, '[0-9][.]77[^0-9]'))"
            both, first, second = database.execute(
                f"select count(*) filter (where {alpha} and {beta}), count(*) filter (where {alpha}), "
                f"count(*) filter (where {beta}) from said"
            ).fetchall()[0]
            mixed[table] = both
            seen[table] = (first, second)
    assert not {table: count for table, count in mixed.items() if count}
    for table in ("patient", "provider", "department", "encounter_account", "encounter_item"):
        first, second = seen[f"silver.{table}"]
        assert first == second >= SIZE, table
