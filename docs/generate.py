"""Writes the generated pages of docs/reference from the code's own registries; --check finds stale ones."""

import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path

import click

from claimlake import cli
from claimlake.engines.duckdb import DuckDBEngine
from claimlake.engines.engine import Columns, empty_sql, stored_type
from claimlake.lake.contract import STANDARD_COLUMNS, Column, Contract, read_contract
from claimlake.lake.graph import build_order
from claimlake.lake.model import LAYERS, Model, load_models
from claimlake.lake.reference import TENANT_TABLES
from claimlake.metrics.catalog import load_catalog
from claimlake.metrics.explain import CONFIDENCE_WORDS, WINDOW_WORDS
from claimlake.metrics.kpi import Benchmark, Kpi, Side
from claimlake.settings import CHOICES, ENVIRONMENT_PREFIX, Settings
from claimlake.sources.ingest import all_contracts
from claimlake.sources.x12 import RULES
from claimlake.workspace import Workspace

sys.path.insert(0, str(Path(__file__).parent))
import x12_pages

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate.py from the code; do not edit. -->"
HELP_WIDTH = 100
LOAD_RULES = (
    (
        "ALL-01",
        "quarantine",
        "a file is not empty, and it can be read in the encoding and format of its feed",
    ),
    ("ALL-01", "warn", "text is UTF-8, else it is read as Windows-1252; a file has records"),
    (
        "ALL-02",
        "quarantine",
        "a file has the columns its feed cannot do without; an optional one is a warning",
    ),
    ("ALL-03", "warn", "a record is delivered once; a repeated one is counted and not loaded again"),
    ("ALL-07", "quarantine", "a column of the key has a value"),
    ("ALL-09", "quarantine", "a money column holds money"),
    ("ALL-10", "quarantine", "a date column holds a date, in a range that can be"),
    ("ALL-13", "quarantine", "any other column holds a value of its type"),
    ("ALL-14", "quarantine", "a record breaks no rule of its contract where the rule has no code of its own"),
    ("ALL-15", "quarantine", "a file fits a feed, and a record fits a table of its feed"),
    ("ALL-16", "quarantine", "a file is of the format its feed takes"),
    ("ALL-17", "quarantine", "a code is in the list of codes that its field looks it up in"),
    ("ALL-20", "warn", "a key of a full feed is in its next extract; else its history ends"),
    ("ALL-21", "warn", "a full extract has a record; an empty one ends no history"),
    (
        "ALL-22",
        "warn",
        "a full extract is whole, no record of it is held; else it ends no history until that is confirmed",
    ),
    (
        "ALL-23",
        "warn",
        "a full extract has most of the keys its feed had (`vanish_percent`); else it ends no history "
        "until that is confirmed",
    ),
    ("ALL-24", "quarantine", "a full file is not older than one that was loaded"),
    ("ERA-05", "quarantine", "the payee of an 835 is the tenant, by an NPI or tax id of its entities"),
)
"""Rules that hold for every delivery; each is checked where the code names it."""


def pages(workspace: Workspace) -> dict[str, str]:
    """Every generated page by file name."""
    contents = {
        "commands.md": commands(),
        "settings.md": settings(),
        "tables.md": tables(workspace),
        "metrics.md": metrics(workspace),
        "quality-rules.md": quality_rules(workspace),
        **x12_pages.pages(),
    }
    return {name: "\n\n".join([NOTE, *content]) + "\n" for name, content in contents.items()}


def commands() -> Iterator[str]:
    """Every command with its help, as the command prints it."""
    yield "# Commands"
    yield (
        "Exit codes: 0 the work was done, 1 something could not be done and the message says what, "
        "2 the command line is not right. Progress goes to standard error, results to standard output."
    )
    yield from _help(cli.main, "claimlake", None)


def _help(command: click.Command, name: str, parent: click.Context | None) -> Iterator[str]:
    context = click.Context(
        command, parent, name.rpartition(" ")[2], terminal_width=HELP_WIDTH, **command.context_settings
    )
    yield f"## {name}"
    yield f"```text\n{context.get_help()}\n```"
    for child in getattr(command, "commands", {}).values():
        yield from _help(child, f"{name} {child.name}", context)


def settings() -> Iterator[str]:
    """Every setting of a workspace."""
    yield "# Settings"
    yield (
        "Settings stand in `claimlake.yml` of a workspace, one `name: value` a line. "
        "A variable in the environment wins over the file, the file over the default."
    )
    yield _table(
        ("setting", "environment", "default", "choices", "meaning"),
        (
            (
                f"`{setting.name}`",
                f"`{ENVIRONMENT_PREFIX}{setting.name.upper()}`",
                f"`{setting.default!r}`".replace("'", '"'),
                ", ".join(f"`{choice}`" for choice in CHOICES.get(setting.name, ())),
                setting.metadata["about"],
            )
            for setting in fields(Settings)
        ),
    )


def tables(workspace: Workspace) -> Iterator[str]:
    """Every table of bronze, reference, silver and gold: one row, columns and types."""
    contracts = all_contracts(workspace)
    code_sets = [read_contract(file, "reference") for file in workspace.content("reference", "*.yml")]
    models = load_models(workspace)
    columns = _model_columns(models, contracts, code_sets)
    yield "# Tables"
    yield (
        "Bronze is as it arrived, silver has one vocabulary, gold holds facts and dimensions of the KPIs. "
        "Every table is a Delta table at `lake/<layer>/<table>` of the workspace."
    )
    yield "## Bronze"
    yield "Every bronze table starts with these columns:"
    yield _contract_columns(STANDARD_COLUMNS)
    for name in sorted(contracts):
        yield from _contract_section(contracts[name])
    yield "## Reference"
    for contract in code_sets:
        yield from _contract_section(contract)
    for name, shape in TENANT_TABLES.items():
        yield f"### {name}"
        yield "From the tenant files."
        yield _plain_columns(shape)
    for layer in LAYERS:
        yield f"## {layer.capitalize()}"
        for name in sorted(name for name in models if name.startswith(f"{layer}.")):
            yield f"### {name}"
            yield models[name].about
            yield f"Grain: {', '.join(f'`{column}`' for column in models[name].grain)}"
            yield _plain_columns(columns[name])


def _model_columns(
    models: dict[str, Model], contracts: dict[str, Contract], code_sets: list[Contract]
) -> dict[str, Columns]:
    given: dict[str, Columns] = {name: contract.schema for name, contract in contracts.items()}
    given |= TENANT_TABLES
    given |= {each.table: [(column.name, column.type) for column in each.columns] for each in code_sets}
    found: dict[str, Columns] = {}
    with tempfile.TemporaryDirectory() as spill:
        engine = DuckDBEngine(spill_path=Path(spill), memory_limit="1GB", threads=1)
        for name, shape in given.items():
            engine.define(name, empty_sql(shape))
        for model in build_order(models, given):
            computed = engine.columns(model.sql)
            found[model.name] = [(name, stored_type(kind)) for name, kind in computed]
            engine.define(model.name, empty_sql(found[model.name]))
        engine.close()
    return found


def _contract_section(contract: Contract) -> Iterator[str]:
    yield f"### {contract.table}"
    key = f" Key: {', '.join(f'`{column}`' for column in contract.key)}." if contract.key else ""
    yield f"One row: {contract.grain}.{key}"
    yield _contract_columns(contract.columns)


def _contract_columns(columns: Iterable[Column]) -> str:
    return _table(
        ("column", "type", "marks", "meaning"),
        (
            (
                f"`{column.name}`",
                column.type,
                ", ".join(mark for mark, on in (("required", column.required), ("PHI", column.phi)) if on),
                column.about,
            )
            for column in columns
        ),
    )


def _plain_columns(columns: Columns) -> str:
    return _table(("column", "type"), ((f"`{name}`", kind) for name, kind in columns))


def metrics(workspace: Workspace) -> Iterator[str]:
    """Every KPI with its formula and benchmark."""
    kpis = list(load_catalog(workspace).kpis.values())
    yield "# KPIs"
    yield (
        f"{len(kpis)} KPIs. A benchmark is a published figure to read beside the value, "
        "with its source and how sure it is. `claimlake metrics explain KEY` says the same with the SQL."
    )
    for dashboard in dict.fromkeys(kpi.dashboard for kpi in kpis):
        yield f"## {dashboard}"
        for kpi in kpis:
            if kpi.dashboard == dashboard:
                yield from _kpi(kpi)


def _kpi(kpi: Kpi) -> Iterator[str]:
    yield f"### {kpi.key}"
    yield f"**{kpi.name}.** {kpi.description}"
    lines = [
        f"formula: {_formula(kpi)}",
        *(f"{name}: {_side(side)}" for name, side in kpi.sides if side.terms),
        f"by: {', '.join(kpi.grain)}" + (f"; shares by {', '.join(kpi.breakdown)}" if kpi.breakdown else ""),
        f"better: {kpi.direction}; setting: {kpi.setting}; calculated {kpi.frequency}",
        f"benchmark: {_benchmark(kpi.benchmark)}",
        f"definition: {kpi.definition_source}; steward: {kpi.steward}; file: `{Path(kpi.origin).name}`",
    ]
    yield "\n".join(f"- {line}" for line in lines)


def _formula(kpi: Kpi) -> str:
    scale = "" if kpi.scale == 1 else f" * {kpi.scale}"
    quotient = "numerator / denominator" if kpi.kind == "ratio" else "numerator"
    return f"`{kpi.formula or quotient}`{scale}, in {kpi.unit_label or kpi.unit}"


def _side(side: Side) -> str:
    windows = "; ".join(
        dict.fromkeys(
            f"`{term.table}`, `{term.date_column}` {WINDOW_WORDS[term.window]}" for term in side.terms
        )
    )
    return f"{side.text} ({windows})"


def _benchmark(benchmark: Benchmark) -> str:
    return f"{benchmark.text}. Source: {benchmark.source} ({CONFIDENCE_WORDS[benchmark.confidence]})"


def quality_rules(workspace: Workspace) -> Iterator[str]:
    """Every rule with a code: of X12 files, and of the contracts."""
    yield "# Quality rules"
    yield (
        "`warn` keeps the row and records the finding. `quarantine` holds the record, for X12 the whole "
        "transaction, with its reason and position. Nothing is dropped."
    )
    yield "## Every load"
    yield _table(("rule", "severity", "what must hold"), LOAD_RULES)
    yield "## X12 files"
    yield _table(
        ("rule", "severity", "what must hold"),
        ((rule.code, rule.severity, rule.about) for _, rule in sorted(RULES.items())),
    )
    yield "## Tables judged after they are built"
    yield (
        "The rows that break a rule are in the table of the quality layer, their numbers by snapshot in "
        "`platform.quality_result`. `fail` publishes nothing; `quarantine` keeps the row out of the table, "
        "and of all that reads it, until a build finds it mended; `warn` keeps it where it is. Which rules "
        "are not judged, and why, is in [Quality coverage](quality-coverage.md)."
    )
    yield _table(
        ("rule", "severity", "table", "reason", "rows in"),
        (
            (rule.id, rule.severity, model.of, rule.reason, name)
            for name, model in sorted(load_models(workspace).items())
            for rule in model.rules
        ),
    )
    yield "## Contracts of bronze tables"
    yield "A row fails when the check is false; a check that is null passes."
    contracts = all_contracts(workspace)
    yield _table(
        ("table", "rule", "severity", "reason", "check"),
        (
            (name, expectation.rule, expectation.severity, expectation.reason, f"`{expectation.check}`")
            for name in sorted(contracts)
            for expectation in contracts[name].expectations
        ),
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def stale() -> list[Path]:
    """The generated pages that differ from what the code says now."""
    return [file for file, text in _written().items() if not file.exists() or file.read_text("utf-8") != text]


def _written() -> dict[Path, str]:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.create(Path(folder) / "workspace")
        return {FOLDER / name: text for name, text in pages(workspace).items()}


def main(arguments: list[str]) -> int:
    """Write the pages, or with --check say which are stale; 1 when any is."""
    if arguments == ["--check"]:
        found = stale()
        for file in found:
            click.echo(
                f"{file.relative_to(FOLDER.parents[1])} is stale. Write it with: python docs/generate.py"
            )
        return 1 if found else 0
    if arguments:
        click.echo("Usage: python docs/generate.py [--check]")
        return 2
    FOLDER.mkdir(exist_ok=True)
    for file, text in _written().items():
        file.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
