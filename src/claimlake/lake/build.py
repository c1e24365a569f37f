"""The build: reference tables and models into Delta, in order, checked, then published as one snapshot."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

from claimlake.engines.choice import open_engine
from claimlake.engines.engine import Engine, stored_sql
from claimlake.errors import CheckError, ModelError
from claimlake.lake.check import CheckResult, violations_sql
from claimlake.lake.contract import Contract, load_contracts
from claimlake.lake.fingerprint import BuiltTable, built_tables, fingerprint, remember
from claimlake.lake.graph import build_order
from claimlake.lake.model import Model, load_models
from claimlake.lake.quality import record_results, refuse_failures
from claimlake.lake.reference import write_references
from claimlake.lake.snapshot import Snapshot, publish
from claimlake.lake.table import Lake
from claimlake.tenant import Tenant, load_tenants
from claimlake.workspace import Workspace

ROWS = -1
"""Position of the row count among the violations of the checks."""


@dataclass(frozen=True)
class ModelReport:
    """What became of one model in a build."""

    table: str
    rows: int
    seconds: float
    is_skipped: bool
    """Whether nothing it is made of had changed."""
    version: int
    checks: tuple[CheckResult, ...]


@dataclass(frozen=True)
class BuildReport:
    """What one build did; it exists only when the snapshot was published."""

    snapshot: Snapshot
    models: tuple[ModelReport, ...]
    seconds: float


Progress = Callable[[ModelReport], None]


def build(
    workspace: Workspace,
    *,
    contracts: Mapping[str, Contract] | None = None,
    tenants: Sequence[Tenant] | None = None,
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Bring every table up to date and publish them together; CheckError publishes nothing.

    It can be killed at any moment: the published snapshot stays, and the next build gives the same tables.

    Args:
        contracts: every landed table; by default those written in YAML.
        tenants: by default those of the workspace's folder.
        engine: by default the one of the settings.
    """
    started = monotonic()
    with workspace.exclusive("build"):
        run = _Run(workspace, engine or open_engine(workspace), built_tables(workspace))
        try:
            landed = contracts if contracts is not None else load_contracts(workspace)
            run.versions |= _land(run.lake, landed)
            described = tenants if tenants is not None else load_tenants(workspace.path / "tenants")
            run.versions |= write_references(workspace, described)
            models = load_models(workspace)
            reports = []
            for model in build_order(models, run.versions):
                reports.append(_build_model(run, model))
                if progress:
                    progress(reports[-1])
            snapshot = publish(workspace, run.versions)
            judged = [model for model in models.values() if model.rules]
            for model in judged:
                _bind(run, model.name, model.of)
            record_results(run.lake, run.engine, judged, snapshot)
        finally:
            if engine is None:
                run.engine.close()
    return BuildReport(snapshot, tuple(reports), monotonic() - started)


@dataclass
class _Run:
    workspace: Workspace
    engine: Engine
    known: dict[str, BuiltTable]
    versions: dict[str, int] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)

    @property
    def lake(self) -> Lake:
        return Lake(self.workspace.lake_path)


def _land(lake: Lake, contracts: Mapping[str, Contract]) -> dict[str, int]:
    """Versions of the landed tables now; loads that commit from here on wait for the next build."""
    for table, contract in contracts.items():
        lake.create(table, contract.schema)
    return {table: version for table in contracts if (version := lake.version(table)) is not None}


def _build_model(run: _Run, model: Model) -> ModelReport:
    started = monotonic()
    made_of = fingerprint(model.sql, {table: run.versions[table] for table, _ in model.tables})
    built = run.known.get(model.name)
    is_skipped = built is not None and built.fingerprint == made_of and run.lake.exists(model.name)
    if built is None or not is_skipped:
        built = _make(run, model, made_of)
    run.versions[model.name] = built.version
    return ModelReport(
        table=model.name,
        rows=built.rows,
        seconds=monotonic() - started,
        is_skipped=is_skipped,
        version=built.version,
        checks=tuple(CheckResult(*pair) for pair in zip(model.checks, built.violations, strict=True)),
    )


def _make(run: _Run, model: Model, made_of: str) -> BuiltTable:
    _bind_inputs(run, model)
    columns = _columns(run.engine, model)
    run.engine.stage(model.name, stored_sql(model.sql, columns))
    rows, violations = _check(run, model)
    if model.rules:
        refuse_failures(run.engine, model)
    ordered = f"select * from {model.name} order by {', '.join(model.grain)}"
    path = run.lake.path(model.name)
    metadata = {"model": model.name, "fingerprint": made_of}
    run.engine.write(ordered, path, partition_by=model.partition_by, metadata=metadata)
    stored = run.lake.read(model.name)
    run.engine.bind(model.name, stored)
    run.bound.add(model.name)
    built = BuiltTable(model.name, made_of, stored.version, rows, violations)
    remember(run.workspace, [built])
    return built


def _bind_inputs(run: _Run, model: Model) -> None:
    _bind(run, *(table for table, _ in model.tables))


def _bind(run: _Run, *tables: str) -> None:
    for table in tables:
        if table not in run.bound:
            run.engine.bind(table, run.lake.read(table, version=run.versions[table]))
            run.bound.add(table)


def _columns(engine: Engine, model: Model) -> list[tuple[str, str]]:
    """The columns of a model's rows, once they are known to hold its grain and partition."""
    try:
        columns = engine.columns(model.sql)
    except ModelError as error:
        raise ModelError(
            error.what, where=_place(model, int(error.where)), remedy="Correct the model."
        ) from error
    names = [name for name, _ in columns]
    for name in (*model.grain, *model.partition_by):
        if name not in names:
            raise ModelError(
                f"no column '{name}' in its rows.", where=_place(model, 1), remedy=f"It has: {names}."
            )
    return columns


def _check(run: _Run, model: Model) -> tuple[int, tuple[int, ...]]:
    """Rows of the staged model and violations of each check; CheckError when one that must hold does not."""
    statement = violations_sql(model.checks, model.name, lambda table: _names(run, table))
    counted = f"select {ROWS} as position, count(*) as violations from {model.name}"
    found: dict[int, int] = dict(run.engine.rows(f"{counted}\nunion all\n{statement}"))
    violations = tuple(found[position] for position in range(len(model.checks)))
    for check, violated in zip(model.checks, violations, strict=True):
        if violated and check.severity == "fail":
            raise CheckError(
                f"'{check.text}' does not hold {violated} times among {found[ROWS]} rows.",
                where=_place(model, check.line),
                remedy="Nothing was published; correct the model or the data and build again.",
            )
    return found[ROWS], violations


def _names(run: _Run, table: str) -> list[str]:
    return [name for name, _ in run.engine.columns(f"select * from {table}")]


def _place(model: Model, line: int) -> str:
    return f"{model.file.parent.name}/{model.file.name}:{line}"
