"""Every setting of a workspace: name, type, default and sentence; environment over file over default."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from claimlake.errors import ConfigurationError
from claimlake.keys import suggest

ENVIRONMENT_PREFIX = "CLAIMLAKE_"
CHOICES = {"engine": ("duckdb", "spark")}


def _about(sentence: str) -> dict[str, str]:
    return {"about": sentence}


@dataclass(frozen=True)
class Settings:
    """How one workspace runs; the metadata of each field holds the sentence that documents it."""

    engine: str = field(default="duckdb", metadata=_about("Engine that runs the models: duckdb or spark."))
    spark_remote: str = field(default="", metadata=_about("Spark Connect address, as sc://host:15002."))
    memory_limit: str = field(
        default="4GB", metadata=_about("Memory DuckDB may use before it spills to disk.")
    )
    wait_seconds: int = field(
        default=0, metadata=_about("Seconds a command waits while another does the same; 0 gives up at once.")
    )
    threads: int = field(default=0, metadata=_about("Threads DuckDB may use; 0 means every processor."))
    extract_workers: int = field(
        default=2, metadata=_about("Tables of one database that are read at the same time.")
    )
    extract_attempts: int = field(
        default=4, metadata=_about("How often a table is tried when its database does not answer.")
    )
    vanish_percent: int = field(
        default=50,
        metadata=_about(
            "Share of a feed's keys, in percent, that one full extract may end; above it ends none."
        ),
    )


def load_settings(file: Path, environment: Mapping[str, str]) -> Settings:
    """The settings of `file`, each one overridden by CLAIMLAKE_<NAME> where the environment has it."""
    known = {setting.name: setting for setting in fields(Settings)}
    values = _read(file)
    for name in values:
        if name not in known:
            raise _unknown(file, name, list(known))
    for name in known:
        variable = ENVIRONMENT_PREFIX + name.upper()
        if variable in environment:
            values[name] = environment[variable]
    return Settings(**{name: _typed(file, name, value, known[name].type) for name, value in values.items()})


def _read(file: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise ConfigurationError(
            f"not valid YAML: {error}", where=str(file), remedy="Correct the file."
        ) from error
    if not isinstance(values, dict):
        raise ConfigurationError(
            "not a list of settings.", where=str(file), remedy="Write one 'name: value' a line."
        )
    return values


def _typed(file: Path, name: str, value: Any, wanted: Any) -> Any:
    if wanted in (int, "int"):
        try:
            return int(value)
        except (TypeError, ValueError):
            raise ConfigurationError(
                f"setting '{name}' is {value!r}, not a whole number.",
                where=str(file),
                remedy="Write digits only.",
            ) from None
    text = str(value)
    choices = CHOICES.get(name)
    if choices and text not in choices:
        raise ConfigurationError(
            f"setting '{name}' is {text!r}.", where=str(file), remedy=f"Choose one of: {', '.join(choices)}."
        )
    return text


def _unknown(file: Path, name: str, known: list[str]) -> ConfigurationError:
    return ConfigurationError(f"no setting '{name}'.", where=str(file), remedy=suggest(name, known))
