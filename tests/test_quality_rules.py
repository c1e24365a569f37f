"""Every quality rule the project documents has a test that breaks it."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from claimlake.lake.model import read_model
from claimlake.workspace import Workspace, content_path

FOLDER = Path(__file__).parent
MODELS = sorted((content_path() / "quality").glob("*.sql"))
RULE = re.compile(r"\b[A-Z]{3}-\d{2}\b")


@pytest.mark.parametrize("file", MODELS, ids=lambda file: str(file.stem))
def test_every_rule_of_a_quality_model_is_broken_by_a_case(file: Path) -> None:
    cases = yaml.safe_load((FOLDER / "quality" / f"{file.stem}.yml").read_text())["cases"]
    broken = {row["rule_id"] for case in cases for row in case["expect"]}
    model = read_model(file, "quality")
    assert {rule.id for rule in model.rules} == broken
    assert set(re.findall(r"'([A-Z]{3}-\d{2})' as rule_id", model.sql)) == broken


def test_every_rule_of_the_register_occurs_in_a_test(tmp_path: Path) -> None:
    register = "\n".join(_generate().quality_rules(Workspace.create(tmp_path / "workspace")))
    tests = " ".join(file.read_text() for kind in ("*.py", "*.yml", "*.json") for file in FOLDER.rglob(kind))
    documented = set(RULE.findall(register))
    assert len(documented) > 50
    assert documented - set(RULE.findall(tests)) == set()


def _generate() -> Any:
    file = FOLDER.parent / "docs" / "generate.py"
    specification = importlib.util.spec_from_file_location("generate", file)
    assert specification and specification.loader
    generate = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(generate)
    return generate
