"""The sample folders, which are no part of this project, in a lake of their own."""

import os
import shutil
from pathlib import Path

import pytest

from claimlake.sources.ingest import ingest
from claimlake.sources.report import IngestReport
from claimlake.workspace import Workspace

SAMPLES = Path(
    os.environ.get("CLAIMLAKE_SAMPLES", Path(__file__).resolve().parents[3] / "shared" / "samples")
)
TENANT = """
org_id: north
name: North
sources:
  - {id: emr, system: emr_two_hospitals}
  - {id: events, system: claims_json}
  - {id: edi, system: x12}
  - {id: synthea, system: synthea}
  - {id: rif, system: rif}
"""
FOLDERS = {
    "emr": "emr-two-hospitals",
    "events": "claims-json",
    "edi": "x12",
    "synthea": "synthea",
    "rif": "rif",
}
MARKS = [
    pytest.mark.samples,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="CLAIMLAKE_SAMPLES is not there"),
    pytest.mark.xdist_group("samples"),
]
"""Of every module that reads them: one worker ingests them once."""


@pytest.fixture(scope="session")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, IngestReport]:
    """A workspace that ingested every folder, and the report of it; only to be read."""
    workspace = Workspace.create(tmp_path_factory.mktemp("samples") / "workspace")
    (workspace.path / "tenants" / "north.yml").write_text(TENANT)
    for source, folder in FOLDERS.items():
        shutil.copytree(SAMPLES / folder, workspace.landing / "north" / source)
    return workspace, ingest(workspace, settle_seconds=0)
