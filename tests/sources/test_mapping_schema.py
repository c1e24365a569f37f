from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from claimlake.sources.ingest import all_contracts
from claimlake.sources.mapping_schema import mapping_schema
from claimlake.workspace import Workspace, content_path
from tests.sources.test_code_map import MAPPING


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Any:
    found = mapping_schema(all_contracts(Workspace.create(tmp_path_factory.mktemp("schema") / "workspace")))
    jsonschema.Draft202012Validator.check_schema(found)
    return found


@pytest.mark.parametrize(
    "file", sorted((content_path() / "sources").glob("*.yml")), ids=lambda file: file.stem
)
def test_every_mapping_we_ship_is_valid(schema: Any, file: Path) -> None:
    jsonschema.validate(yaml.safe_load(file.read_text(encoding="utf-8")), schema)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("claim_id: Id", "claim_ids: Id"),
        ("schedule:", "schedules:"),
        ("severity: warn", "severity: maybe"),
        ("date:", "day:"),
    ],
)
def test_what_the_reader_refuses_is_not_valid(schema: Any, old: str, new: str) -> None:
    jsonschema.validate(yaml.safe_load(MAPPING), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(MAPPING.replace(old, new)), schema)
