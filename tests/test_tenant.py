from pathlib import Path

import pytest

from claimlake.errors import ConfigurationError
from claimlake.keys import is_npi
from claimlake.tenant import load_tenant, load_tenants, parse_tenant, reference_rows

TENANT = """
org_id: north_clinics
name: North Clinics
time_zone: America/Chicago
fiscal_year_start_month: 10
entities:
  - entity_id: north_general
    name: North General
    type: hospital
    billing_type: HB
    billing_npi: "1234567893"
    tax_id: "74-1234567"
    bill_hold_days: 4
    facilities:
      - {facility_id: main, name: Main, type: hospital, npi: "1245319599", staffed_beds: 25}
payers:
  - {payer_id: acme, name: Acme Health, class: commercial, identifiers: ["60054", Acme, "P-ACME"]}
sources:
  - {id: north_emr, system: two_tables, entity_id: north_general, url: env:NORTH_DB}
"""


def write(folder: Path, text: str, name: str = "north.yml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_tenant_file_gives_its_entities_payers_and_sources(tmp_path: Path) -> None:
    tenant = load_tenant(write(tmp_path, TENANT))
    assert tenant.fiscal_year_start_month == 10
    assert tenant.entities[0].facilities[0].staffed_beds == 25
    assert tenant.payers[0].identifiers == ("60054", "Acme", "P-ACME")
    assert tenant.source("north_emr").entity_id == "north_general"
    assert tenant.payee_identifiers == {"1234567893", "741234567", "1245319599"}


def test_reference_rows_carry_the_org_and_upper_case_payer_identifiers(tmp_path: Path) -> None:
    rows = reference_rows(load_tenant(write(tmp_path, TENANT)))
    assert [row["identifier_upper"] for row in rows["reference.payer_identifier"]] == [
        "60054",
        "ACME",
        "P-ACME",
    ]
    assert rows["reference.facility"][0]["entity_id"] == "north_general"
    assert all(row["org_id"] == "north_clinics" for table in rows.values() for row in table)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("class: commercial", "class: comercial", "Choose from: medicare_ffs"),
        ('"1234567893"', '"1234567890"', "not an NPI"),
        ("bill_hold_days: 4", "bill_hold_day: 4", "Did you mean 'bill_hold_days'"),
        ("fiscal_year_start_month: 10", "fiscal_year_start_month: 13", "from 1 to 12"),
        ("America/Chicago", "America/Chicagoo", "no time zone"),
        ("entity_id: north_general, url", "entity_id: north_genral, url", "Did you mean 'north_general'"),
        ("org_id: north_clinics", "org_id: ../etc", "is not an id"),
        ("name: North Clinics", "name: [a]", "is not text"),
        ("url: env:NORTH_DB", "url: env:NORTH_DB, schedule: 15 6 * *", "does not have five fields"),
        ("url: env:NORTH_DB", "url: env:NORTH_DB, schedule: 6", "schedule: '6' does not have five fields"),
    ],
)
def test_a_wrong_tenant_file_is_refused_with_the_key_and_the_fix(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in TENANT
    with pytest.raises(ConfigurationError, match=r".") as error:
        load_tenant(write(tmp_path, TENANT.replace(old, new)))
    assert message in str(error.value)
    assert "north.yml" in str(error.value)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('url: "postgresql+psycopg://loader:hush@db/emr"', "sources[1]: url: the address holds a password"),
        ("url: env:NORTH_DB, password: hush", "sources[1]: password: a secret does not stand in a file"),
        ("url: env:NORTH_DB, password: [hush]", "sources[1]: password: is not text"),
        ("url: env:NORTH_DB, pasword: hush", "Did you mean 'password'"),
        ('url: ["postgresql://loader:hush@db/emr"]', "sources[1]: url: is not text"),
        ("url: env:NORTH_DB, password: env:hush-7", "not followed by the name of a variable"),
    ],
)
def test_a_secret_in_a_tenant_file_is_refused_and_not_repeated(
    tmp_path: Path, written: str, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=r".") as error:
        load_tenant(write(tmp_path, TENANT.replace("url: env:NORTH_DB", written)))
    assert message in str(error.value)
    assert "hush" not in str(error.value)


def test_a_source_names_where_its_password_is_and_when_it_is_loaded(tmp_path: Path) -> None:
    written = 'url: "postgresql+psycopg://loader@db/emr", password: env:NORTH_PW, schedule: "15 6 * * 1-5"'
    tenant = load_tenant(write(tmp_path, TENANT.replace("url: env:NORTH_DB", written)))
    source = tenant.source("north_emr")
    assert (source.password, source.schedule) == ("env:NORTH_PW", "15 6 * * 1-5")


def test_no_source_is_called_as_the_code_sets_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="source id 'reference' is taken by the code sets"):
        load_tenant(write(tmp_path, TENANT.replace("id: north_emr", "id: reference")))


def test_one_payer_identifier_cannot_name_two_payers() -> None:
    content = {
        "org_id": "a",
        "name": "A",
        "payers": [
            {"payer_id": "p1", "name": "One", "class": "other", "identifiers": ["X1"]},
            {"payer_id": "p2", "name": "Two", "class": "other", "identifiers": ["x1"]},
        ],
    }
    with pytest.raises(ConfigurationError, match="both 'p1' and 'p2'"):
        parse_tenant(content, where="a.yml")


def test_two_files_cannot_declare_the_same_organisation(tmp_path: Path) -> None:
    write(tmp_path, "{org_id: a, name: A}", "one.yml")
    write(tmp_path, "{org_id: a, name: A}", "two.yml")
    with pytest.raises(ConfigurationError, match="declared twice"):
        load_tenants(tmp_path)


def test_npi_check_digit() -> None:
    assert is_npi("1234567893")
    assert not is_npi("1234567894")
    assert not is_npi("123456789")
