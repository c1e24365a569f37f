from pathlib import Path

import pytest

from claimlake.errors import ConfigurationError
from claimlake.lake.contract import load_contracts
from claimlake.lake.quarantine import Filter, held_records
from claimlake.sources import api_npi
from claimlake.sources.ingest import ingest
from claimlake.sources.mapping import read_mapping
from claimlake.sources.replay import replay
from claimlake.sources.report import IngestReport
from claimlake.tenant import parse_tenant
from claimlake.workspace import Workspace, content_path
from tests.sources.api_server import Said, Waits, serving
from tests.sources.landing import deliver, rows, versions
from tests.sources.registry import Registry, npi, provider

DAY = 86_400
TENANT = """
org_id: north
name: North Clinics
sources:
  - {{id: emr, system: small_emr}}
  - {{id: npi, system: npi_registry, url: "{url}/api/"}}
"""
MAPPING = """
system: small_emr
feeds:
  - feed: providers
    from: {file: "**/providers*"}
    into: [{table: emr_providers, fields: {provider_id: ID, npi: NPI}}]
"""


def make(folder: Path, url: str, *numbers: str) -> Workspace:
    """A tenant whose own data holds some NPIs and whose registry answers at an address."""
    workspace = Workspace.create(folder / "workspace")
    (workspace.path / "tenants" / "north.yml").write_text(TENANT.format(url=url))
    (workspace.path / "sources" / "small_emr.yml").write_text(MAPPING)
    lines = [f"P{place},{number}" for place, number in enumerate(numbers)]
    deliver(workspace, "emr/providers.csv", "\n".join(["ID,NPI", *lines]) + "\n")
    return workspace


def run(workspace: Workspace, waits: Waits) -> IngestReport:
    return ingest(workspace, settle_seconds=0, clock=waits.clock)


def known(workspace: Workspace, columns: str = "npi, status") -> list[tuple[object, ...]]:
    return rows(workspace, "bronze.reference_npi", columns, "npi, ingested_at")


def test_the_providers_of_the_tenants_own_data_are_looked_up_once(tmp_path: Path) -> None:
    waits = Waits()
    with serving(Registry([provider(npi(1)), provider(npi(2))])) as server:
        workspace = make(tmp_path, server.url, npi(1), npi(2), npi(3))
        report = run(workspace, waits)
        assert (report.exit_code, report.errors) == (0, [])
        assert known(workspace) == [(npi(1), "active"), (npi(2), "active"), (npi(3), "not_found")]
        before, asked = versions(workspace), len(server.asked)
        assert run(workspace, waits).total.loaded == 0
        assert (versions(workspace), len(server.asked)) == (before, asked)
    assert known(workspace, "provider_name, taxonomy_code, taxonomy_name, city, postal_code, updated_on")[0][
        :5
    ] == (
        "ANN ELM",
        "207RC0000X",
        "Cardiovascular Disease",
        "AUSTIN",
        "787010001",
    )
    assert rows(workspace, "bronze.reference_npi", "distinct source_file", "1") == [("api:providers",)]
    assert [file for file in (workspace.files_path / "north").iterdir() if file.stat().st_size > 500] == []


def test_what_is_old_is_asked_again_and_only_news_is_kept(tmp_path: Path) -> None:
    waits = Waits()
    registry = Registry([provider(npi(1)), provider(npi(2))])
    with serving(registry) as server:
        workspace = make(tmp_path, server.url, npi(1), npi(2))
        run(workspace, waits)
        registry.providers[0] = provider(npi(1), name="OAK", updated="2024-02-03")
        registry.deactivated.add(npi(2))
        waits.seconds += 29 * DAY
        assert run(workspace, waits).total.delivered == 0
        waits.seconds += 2 * DAY
        assert run(workspace, waits).total.loaded == 2
        waits.seconds += 31 * DAY
        report = run(workspace, waits)
        assert (report.total.loaded, report.total.duplicates) == (0, 2)
        asked = len(server.asked)
        run(workspace, waits)
        assert len(server.asked) == asked
    assert known(workspace, "npi, status, provider_name") == [
        (npi(1), "active", "ANN ELM"),
        (npi(1), "active", "ANN OAK"),
        (npi(2), "active", "ANN ELM"),
        (npi(2), "deactivated", None),
    ]


class PowerCutError(BaseException):
    """Nothing catches it, as nothing catches a power cut."""


def cut_off(workspace: Workspace, waits: Waits, at: str) -> bool:
    """Whether an ingestion came to a step whose words begin so, and died there."""

    def progress(step: str) -> None:
        if step.startswith(at):
            raise PowerCutError

    try:
        ingest(workspace, settle_seconds=0, clock=waits.clock, progress=progress)
    except PowerCutError:
        return True
    return False


STEPS = ("taking providers", "stage", "commit bronze", "commit platform", "close ", "closed", "answered")


def test_a_run_cut_off_at_any_step_loses_nothing_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_npi, "LOOK_UPS", 2)
    people = [npi(position) for position in range(1, 6)]
    with serving(Registry([provider(number) for number in people])) as server:
        workspace = make(tmp_path, server.url, *people)
        # Each run finishes what the one before left, and dies itself.
        assert [cut_off(workspace, Waits(), step) for step in STEPS] == [True] * len(STEPS)
        assert run(workspace, Waits()).exit_code == 0
        assert known(workspace) == [(number, "active") for number in people]
        asked = len(server.asked)
        assert run(workspace, Waits()).total.delivered == 0
        assert len(server.asked) == asked


def test_an_answer_that_is_held_is_read_again_and_stays_held_until_its_cause_is_mended(
    tmp_path: Path,
) -> None:
    mapping = (content_path() / "sources" / "npi_registry.yml").read_text()
    with serving(Registry([provider(npi(1)), provider(npi(2))])) as server:
        workspace = make(tmp_path, server.url, npi(1), npi(2))
        file = workspace.path / "sources" / "npi_registry.yml"
        file.write_text(mapping.replace("else 'active' end", "else 'present' end"))
        run(workspace, Waits())
        which = Filter(source="npi")
        held = held_records(workspace, "north", which)
        assert [(record.rule_id, record.byte_offset) for record in held] == [("REF-04", None)] * 2
        file.write_text(
            mapping.replace("else 'active' end", f"else if(number = '{npi(1)}', 'active', 'here') end")
        )
        assert replay(workspace, "north", which).closed == {"replayed": 1}
        assert [record.source_row for record in held_records(workspace, "north", which)] == [2]
        assert known(workspace) == [(npi(1), "active")]
        file.write_text(mapping)
        assert replay(workspace, "north", which).closed == {"replayed": 1}
        assert known(workspace) == [(npi(1), "active"), (npi(2), "active")]


def test_an_api_that_fails_is_in_the_report_and_its_other_answers_are_in_bronze(tmp_path: Path) -> None:
    waits = Waits()
    registry = Registry([provider(npi(1)), provider(npi(2))], failing={npi(1): [Said({}, status=500)] * 6})
    with serving(registry) as server:
        workspace = make(tmp_path, server.url, npi(1), npi(2))
        report = run(workspace, waits)
        assert report.exit_code == 1
        assert report.errors == [
            "tenant north: source npi: the API answers 500; given up after 6 attempts. What was answered "
            "before is kept; the next run asks for the rest. Trying again may help."
        ]
        assert known(workspace) == [(npi(2), "active")]
        logs = "config_id, status, error_details like '%the API answers 500%'"
        assert ("north/npi/providers", "partial", True) in rows(workspace, "platform.ingestion_logs", logs)
        assert run(workspace, waits).exit_code == 0
        assert known(workspace) == [(npi(1), "active"), (npi(2), "active")]


def test_a_source_without_an_address_asks_nobody(tmp_path: Path) -> None:
    workspace = make(tmp_path, "http://127.0.0.1:1", npi(1))
    (workspace.path / "tenants" / "north.yml").write_text(
        "org_id: north\nname: N\nsources: [{id: emr, system: small_emr}, {id: npi, system: npi_registry}]\n"
    )
    assert run(workspace, Waits()).exit_code == 0
    assert known(workspace) == []


NPPES_FILE = (
    "NPI,Entity Type Code,Provider Organization Name (Legal Business Name),Provider First Name,"
    "Provider Last Name (Legal Name),Provider Enumeration Date,Last Update Date,NPI Deactivation Date,"
    "NPI Reactivation Date,Healthcare Provider Taxonomy Code_1,"
    "Healthcare Provider Primary Taxonomy Switch_1,Healthcare Provider Taxonomy Code_2,"
    "Healthcare Provider Primary Taxonomy Switch_2\n"
)


def test_the_files_of_the_registry_serve_a_network_without_a_way_out(tmp_path: Path) -> None:
    workspace = make(tmp_path, "http://127.0.0.1:1")
    (workspace.path / "tenants" / "north.yml").write_text(
        "org_id: north\nname: N\nsources: [{id: npi, system: npi_registry}]\n"
    )
    deliver(
        workspace,
        "npi/npidata_pfile_20240101-20240107.csv",
        NPPES_FILE + f"{npi(1)},1,,ANN,ELM,01/02/2006,05/01/2020,,,207Q00000X,N,207RC0000X,Y\n"
        f"{npi(2)},,,,,,,12/31/2023,,,,,\n{npi(3)[:-1]}x,2,ACME,,,01/02/2006,,,,,,,\n"
        f"{npi(4)}.0,2.0,ACME,,,01/02/2006,05/01/2020,,,282N00000X,,,\n",
    )
    report = run(workspace, Waits())
    assert dict(report.files[0].quarantined) == {("PRV-01", "NPI fails the check digit"): 1}
    columns = "npi, status, entity_type, provider_name, taxonomy_code, cast(deactivated_on as varchar)"
    assert known(workspace, columns) == [
        (npi(1), "active", "individual", "ANN ELM", "207RC0000X", None),
        (npi(2), "deactivated", None, None, None, "2023-12-31"),
        (npi(4), "active", "organization", "ACME", "282N00000X", None),
    ]


@pytest.mark.parametrize(
    ("origin", "says"),
    [
        ("{api: npi}", "api 'npi'"),
        ("{api: npi_registry, release: x}", "'release' is not known"),
        ("{api: npi_registry, numbers: [bronze.emr_providers.npl]}", "no column 'bronze.emr_providers.npl'"),
        ("{api: npi_registry, per_second: 0}", "'per_second' is not a number above 0"),
        ("{api: icd10, refresh_days: soon}", "'refresh_days' is not a number above 0"),
    ],
)
def test_a_mapping_that_asks_the_impossible_is_refused(tmp_path: Path, origin: str, says: str) -> None:
    workspace = Workspace.create(tmp_path / "workspace")
    file = workspace.path / "sources" / "own.yml"
    into = "[{table: reference_npi, fields: {npi: number, status: \"'active'\"}}]"
    file.write_text(f"system: own\nfeeds: [{{feed: one, from: {origin}, into: {into}}}]\n")
    with pytest.raises(ConfigurationError, match=says):
        read_mapping(file, load_contracts(workspace))


def test_a_secret_is_named_and_never_written_in_the_tenant_file() -> None:
    token = {"url": "https://host/token", "client_id": "me", "client_secret": "s3cret"}
    source = {"id": "icd", "system": "icd10_api", "url": "https://host", "token": token}
    tenant = {"org_id": "north", "name": "North", "sources": [source]}
    with pytest.raises(ConfigurationError, match="env:NAME") as caught:
        parse_tenant(tenant, where="north.yml")
    assert "s3cret" not in str(caught.value)
    token["client_secret"] = "env:ICD_SECRET"
    grant = parse_tenant(tenant, where="north.yml").sources[0].token
    assert grant is not None
    assert grant.client_secret == "env:ICD_SECRET"


@pytest.mark.parametrize("broken", ["cast(enumeration_type as integer)", "no_such_column"])
def test_an_answer_that_was_not_loaded_is_asked_for_again(tmp_path: Path, broken: str) -> None:
    waits = Waits()
    with serving(Registry([provider(npi(1))])) as server:
        workspace = make(tmp_path, server.url, npi(1))
        shipped = workspace.content("sources", "npi_registry.yml")[0].read_text()
        mapping = workspace.path / "sources" / "npi_registry.yml"
        mapping.write_text(shipped.replace("npi: number", f"npi: {broken}"))
        assert mapping.read_text() != shipped
        assert run(workspace, waits).total.loaded == 1  # the provider file of the other source
        mapping.write_text(shipped)
        run(workspace, waits)
        assert known(workspace) == [(npi(1), "active")]
