"""The build: reference tables and models into Delta, in order, checked, then published as one snapshot."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic

from claimlake.engines.choice import open_engine
from claimlake.engines.engine import Engine, stored_sql
from claimlake.errors import CheckError, ModelError
from claimlake.lake.check import CheckResult, violations_sql
from claimlake.lake.contract import Contract, load_contracts
from claimlake.lake.fingerprint import BuiltTable, built_tables, fingerprint, remember
from claimlake.lake.graph import build_order
from claimlake.lake.hold import hold, record_held
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
    held: int = 0
    """Rows that its quality model kept out of it, when it was made by this build."""


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
                made = model.name in run.judged
                reports.append(run.judged.pop(model.name) if made else _build_model(run, model))
                if progress:
                    progress(reports[-1])
            snapshot = publish(workspace, run.versions)
            _record_judged(run, models.values(), snapshot)
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
    judged: dict[str, ModelReport] = field(default_factory=dict)
    """Reports of the quality models that were made together with the table they hold rows of."""

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
    parts = [model.gate, model] if model.gate else [model]
    text = "\n".join(part.sql for part in parts)
    made_of = fingerprint(text, {table: run.versions[table] for table, _ in model.tables})
    is_skipped = all(_is_made(run, part, made_of) for part in parts)
    held = 0 if is_skipped else _make(run, model, made_of)
    reports = [_report(run, part, monotonic() - started, is_skipped=is_skipped) for part in parts]
    if model.gate:
        run.judged[model.gate.name] = reports[0]
    return replace(reports[-1], held=held)


def _is_made(run: _Run, model: Model, made_of: str) -> bool:
    built = run.known.get(model.name)
    return built is not None and built.fingerprint == made_of and run.lake.exists(model.name)


def _report(run: _Run, model: Model, seconds: float, *, is_skipped: bool) -> ModelReport:
    built = run.known[model.name]
    run.versions[model.name] = built.version
    return ModelReport(
        table=model.name,
        rows=built.rows,
        seconds=seconds,
        is_skipped=is_skipped,
        version=built.version,
        checks=tuple(CheckResult(*pair) for pair in zip(model.checks, built.violations, strict=True)),
    )


def _make(run: _Run, model: Model, made_of: str) -> int:
    """Write the rows of a model, and those of the one that holds some of them back; how many it held."""
    _bind_inputs(run, model)
    columns = _columns(run.engine, model)
    run.engine.stage(model.name, stored_sql(model.sql, columns))
    run.bound.add(model.name)
    if model.rules:
        refuse_failures(run.engine, model)
    if model.gate:
        _make(run, model.gate, made_of)
    staged, held = hold(run.engine, model, [name for name, _ in columns])
    rows, violations = _check(run, model, staged)
    ordered = f"select * from {staged} order by {', '.join(model.grain)}"
    path = run.lake.path(model.name)
    metadata = {"model": model.name, "fingerprint": made_of}
    run.engine.write(ordered, path, partition_by=model.partition_by, metadata=metadata)
    stored = run.lake.read(model.name)
    run.engine.bind(model.name, stored)
    run.known[model.name] = BuiltTable(model.name, made_of, stored.version, rows, violations)
    remember(run.workspace, [run.known[model.name]])
    return held


def _record_judged(run: _Run, models: Iterable[Model], snapshot: Snapshot) -> None:
    """Enter what the rules found in a published snapshot, and in quarantine what they hold."""
    judged = [model for model in models if model.rules]
    for model in judged:
        _bind(run, model.name, model.of)
    record_results(run.lake, run.engine, judged, snapshot)
    record_held(run.workspace, [model for model in judged if model.holding])


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


def _check(run: _Run, model: Model, staged: str) -> tuple[int, tuple[int, ...]]:
    """Rows of a staged model and violations of each check; CheckError when one that must hold does not."""
    statement = violations_sql(model.checks, staged, lambda table: _names(run, table))
    counted = f"select {ROWS} as position, count(*) as violations from {staged}"
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
