from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from claimlake.sources.ingest import ingest
from claimlake.workspace import Workspace
from tests.sources.api_server import Asked, Said, Waits, serving
from tests.sources.landing import rows

ROOT = "/icd/release/10"
TENANT = """
org_id: north
name: North Clinics
sources:
  - id: icd10
    system: icd10_api
    url: "{url}"
    token: {{url: "{url}/token", client_id: me, client_secret: env:ICD_SECRET, scope: icdapi_access}}
"""


def entity(kind: str, code: str, title: str, *children: str) -> dict[str, Any]:
    """An entity whose children are named with the publisher's host, not with ours."""
    links = [f"http://id.who.int{ROOT}/2019/{child}" for child in children]
    return {"code": code, "classKind": kind, "title": {"@language": "en", "@value": title}, "child": links}


def classification(release: str = "2019") -> dict[str, dict[str, Any]]:
    """Two chapters, four blocks, six codes; one code is reached on two ways."""
    return {
        ROOT: {"latestRelease": f"http://id.who.int{ROOT}/{release}"},
        f"{ROOT}/{release}": {
            **entity("", "", "ICD-10", "I", "II"),
            "releaseId": release,
            "releaseDate": "2019-01-01",
        },
        f"{ROOT}/2019/I": entity("chapter", "I", "Infections", "A00-A09", "A15-A19"),
        f"{ROOT}/2019/II": entity("chapter", "II", "Neoplasms", "C00-C14"),
        f"{ROOT}/2019/A00-A09": entity("block", "A00-A09", "Intestinal", "A00", "A00.1"),
        f"{ROOT}/2019/A00": entity("category", "A00", "First", "A00.0", "A00.1"),
        f"{ROOT}/2019/A00.0": entity("category", "A00.0", "First, plain"),
        f"{ROOT}/2019/A00.1": entity("category", "A00.1", "First, other"),
        f"{ROOT}/2019/A15-A19": entity("block", "A15-A19", "Chest", "A15"),
        f"{ROOT}/2019/A15": entity("category", "A15", "Second"),
        f"{ROOT}/2019/C00-C14": entity("block", "C00-C14", "Mouth", "C00-C01", "C02"),
        f"{ROOT}/2019/C00-C01": entity("block", "C00-C01", "Lip", "C00"),
        f"{ROOT}/2019/C00": entity("category", "C00", "Third"),
        f"{ROOT}/2019/C02": entity("category", "C02", "Fourth"),
    }


def publisher(
    entities: Mapping[str, Any], failing: dict[str, list[Said]] | None = None
) -> Callable[[Asked], Said]:
    """An API that wants a token and gives the entities."""

    def answer(asked: Asked) -> Said:
        if asked.path == "/token":
            is_known = asked.form.get("client_secret") == "s3cret"
            return Said({"access_token": "t0ken", "expires_in": 3600}) if is_known else Said({}, status=400)
        if asked.headers.get("Authorization") != "Bearer t0ken" or asked.headers.get("Api-Version") != "v2":
            return Said({}, status=401)
        if failing and failing.get(asked.path):
            return failing[asked.path].pop(0)
        return Said(entities[asked.path]) if asked.path in entities else Said({}, status=404)

    return answer


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICD_SECRET", "s3cret")


def make(folder: Path, url: str) -> Workspace:
    workspace = Workspace.create(folder / "workspace")
    (workspace.path / "tenants" / "north.yml").write_text(TENANT.format(url=url))
    return workspace


def codes(workspace: Workspace) -> list[tuple[object, ...]]:
    return rows(workspace, "bronze.reference_codes", "code, label, category")


def editions(workspace: Workspace) -> list[tuple[object, ...]]:
    return rows(workspace, "bronze.reference_editions", "code_set, edition, cast(edition_from as varchar)")


@pytest.mark.usefixtures("secret")
def test_a_release_is_read_from_its_chapters_to_its_codes_once(tmp_path: Path) -> None:
    with serving(publisher(classification())) as server:
        workspace = make(tmp_path, server.url)
        waits = Waits()
        report = ingest(workspace, settle_seconds=0, clock=waits.clock)
        assert (report.exit_code, report.errors) == (0, [])
        paths = [asked.path for asked in server.asked]
        assert len(paths) == len(set(paths))
        ingest(workspace, settle_seconds=0, clock=waits.clock)
        assert (
            len(server.asked) == len(paths) + 3
        )  # a new token, the newest release, and that it is the known one
    assert codes(workspace) == [
        ("A00", "First", "I A00-A09"),
        ("A000", "First, plain", "I A00-A09"),
        ("A001", "First, other", "I A00-A09"),
        ("A15", "Second", "I A15-A19"),
        ("C00", "Third", "II C00-C01"),
        ("C02", "Fourth", "II C00-C14"),
    ]
    assert editions(workspace) == [("icd10", "2019", "2019-01-01")]


@pytest.mark.usefixtures("secret")
def test_an_edition_counts_once_all_of_it_is_there_and_the_next_run_asks_for_the_rest_only(
    tmp_path: Path,
) -> None:
    failing = {f"{ROOT}/2019/A15": [Said({}, status=502)] * 6}
    with serving(publisher(classification(), failing)) as server:
        workspace = make(tmp_path, server.url)
        report = ingest(workspace, settle_seconds=0, clock=Waits().clock)
        assert "answers 502" in report.errors[0]
        assert [code for code, *_ in codes(workspace)] == ["A00", "A000", "A001", "C00", "C02"]
        assert editions(workspace) == []
        asked = len(server.asked)
        assert ingest(workspace, settle_seconds=0, clock=Waits().clock).exit_code == 0
        again = [one.path.removeprefix(f"{ROOT}/2019/") for one in server.asked[asked:]]
        assert again == ["/token", ROOT, f"{ROOT}/2019", "I", "A15-A19", "A15", "II"]
    assert len(codes(workspace)) == 6
    assert editions(workspace) == [("icd10", "2019", "2019-01-01")]


def test_a_wrong_secret_is_told_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICD_SECRET", "wr0ng")
    with serving(publisher(classification())) as server:
        report = ingest(make(tmp_path, server.url), settle_seconds=0, clock=Waits().clock)
    assert report.exit_code == 1
    assert "source icd10: token: the API refuses the request (status 400)" in report.errors[0]
    assert "wr0ng" not in str(report)


@pytest.mark.usefixtures("secret")
def test_a_link_to_anything_but_the_classification_is_not_followed(tmp_path: Path) -> None:
    entities = classification()
    entities[f"{ROOT}/2019/I"]["child"] = [
        "http://169.254.0.1/latest/meta-data",
        f"http://x{ROOT}/../../../admin",
    ]
    with serving(publisher(entities)) as server:
        report = ingest(make(tmp_path, server.url), settle_seconds=0, clock=Waits().clock)
        assert all(asked.path.startswith((ROOT, "/token")) for asked in server.asked)
    assert "outside ICD-10" in report.errors[0]


@pytest.mark.usefixtures("secret")
def test_a_release_that_is_not_there_is_named(tmp_path: Path) -> None:
    entities = {path: body for path, body in classification().items() if path == ROOT}
    with serving(publisher(entities)) as server:
        report = ingest(make(tmp_path, server.url), settle_seconds=0, clock=Waits().clock)
    assert "icd/release/10/2019: the API has no such release or entity." in report.errors[0]
