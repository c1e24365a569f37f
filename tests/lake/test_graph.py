from pathlib import Path

import pytest

from claimlake.errors import ModelError
from claimlake.lake.graph import ancestors, build_order
from claimlake.lake.model import Model, read_model


def _models(folder: Path, reads: dict[str, list[str]]) -> dict[str, Model]:
    models = {}
    for name, tables in reads.items():
        layer, _, stem = name.partition(".")
        joins = " ".join(f"cross join {table} as t{number}" for number, table in enumerate(tables[1:]))
        file = folder / layer / f"{stem}.sql"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"-- One row.\n-- grain: k\nselect t.k from {tables[0]} as t {joins}\n")
        models[name] = read_model(file, layer)
    return models


def test_models_come_after_what_they_read(tmp_path: Path) -> None:
    models = _models(
        tmp_path,
        {
            "gold.a": ["silver.c", "silver.b"],
            "silver.b": ["silver.c", "bronze.x"],
            "silver.c": ["bronze.x"],
        },
    )
    assert [model.name for model in build_order(models, ["bronze.x"])] == ["silver.c", "silver.b", "gold.a"]
    assert ancestors(models, ["silver.b"]) == {"silver.b", "silver.c"}


def test_circle_is_named(tmp_path: Path) -> None:
    models = _models(tmp_path, {"silver.a": ["silver.b"], "silver.b": ["silver.c"], "silver.c": ["silver.a"]})
    with pytest.raises(ModelError, match=r"silver\.a → silver\.b → silver\.c → silver\.a|in a circle"):
        build_order(models, [])


def test_missing_table_is_named_with_the_closest_one(tmp_path: Path) -> None:
    models = _models(tmp_path, {"silver.a": ["bronze.clam"]})
    with pytest.raises(ModelError, match=r"silver/a\.sql:3: no table 'bronze\.clam'.*'bronze\.claim'"):
        build_order(models, ["bronze.claim"])
