"""Ingestion: every tenant's files and databases into bronze, exactly once, whatever happens in between.

A delivery's bytes are kept under their hash, a load is planned in the ledger, its rows are staged, each table
gets one Delta commit that names the load, and the ledger closes it. A run that dies anywhere is resumed by
the next one: the plan says what the load holds, and a table whose log names the load is not written again.
"""

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

import duckdb

from claimlake.errors import ClaimlakeError, ConfigurationError
from claimlake.lake.contract import Contract, load_contracts
from claimlake.lake.land import Progress
from claimlake.lake.ledger import Ledger
from claimlake.lake.run_log import RunLog, mirror, open_log
from claimlake.sources import inbox
from claimlake.sources.edi import x12_contracts
from claimlake.sources.failure import stopped
from claimlake.sources.feed_config import feed_configs
from claimlake.sources.load_config import read_load_config
from claimlake.sources.mapping import SourceMapping, load_mappings
from claimlake.sources.report import IngestReport
from claimlake.sources.run import Run
from claimlake.sources.source_run import TAKING, SourceRun
from claimlake.sources.table_run import AGAIN, one_at_a_time
from claimlake.sources.throttle import Clock
from claimlake.tenant import Source, Tenant, load_tenants
from claimlake.workspace import Workspace

Attend = Callable[[Tenant, Source, IngestReport], AbstractContextManager[None] | None]


def ingest(  # noqa: PLR0913 - what one run can be told
    workspace: Workspace,
    *,
    attend: Attend | None = None,
    progress: Progress | None = None,
    settle_seconds: float = inbox.SETTLE_SECONDS,
    clock: Clock | None = None,
    confirm_deletions: bool = False,
) -> IngestReport:
    """Load everything new of all tenants; the report says what could not be reached.

    Args:
        attend: asked before each source, with the report so far: what to enter while it is loaded, None to
            pass it over. All are loaded where nobody attends.
        confirm_deletions: whether keys that a full extract lacks are ended although that looks doubtful.
    """
    report = IngestReport()
    with workspace.exclusive("ingest"):
        open_log(workspace)
        tenants = load_tenants(workspace.path / "tenants")
        run = replace(
            _run(workspace, tenants, report),
            progress=one_at_a_time(progress or _silent),
            settle_seconds=settle_seconds,
            clock=clock or Clock(),
            is_confirmed=confirm_deletions,
        )
        systems = {source.system for tenant in tenants for source in tenant.sources}
        mappings = load_mappings(workspace, run.contracts, systems)
        for tenant in tenants:
            for source in tenant.sources:
                attendance = attend(tenant, source, report) if attend else nullcontext()
                if source.is_active and attendance is not None:
                    with attendance:
                        _load_source(run, tenant, source, mappings)
        run.progress("mirror the audit")
        mirror(workspace)
    return report


def _run(workspace: Workspace, tenants: Sequence[Tenant], report: IngestReport) -> Run:
    config = read_load_config(workspace)
    report.errors += [*config.problems, *config.unknown(tenants)]
    loads, key = config.without_ambiguous(tenants), _secret(workspace)
    return Run(workspace, all_contracts(workspace), report, _silent, 0, key, loads, Clock())


def _tenant(tenants: Sequence[Tenant], org_id: str) -> Tenant:
    known = {tenant.org_id: tenant for tenant in tenants}
    if org_id not in known:
        raise ConfigurationError(
            f"no tenant '{org_id}'", where="tenants", remedy=f"Known: {', '.join(known) or 'none'}."
        )
    return known[org_id]


def headlines(progress: Progress) -> Progress:
    """Tell of what is being taken and tried again, and not of every step it takes."""
    return lambda step: progress(step) if step.startswith((TAKING, AGAIN)) else None


def all_contracts(workspace: Workspace) -> dict[str, Contract]:
    """The contracts of every bronze table, by full name: the X12 tables and those written in YAML."""
    return x12_contracts() | load_contracts(workspace)


def _load_source(run: Run, tenant: Tenant, source: Source, mappings: Mapping[str, SourceMapping]) -> None:
    """Load what is new of one source; an error ends this source, not the run."""
    if source.system not in mappings:
        known = ", ".join(file.stem for file in run.workspace.content("sources", "*.yml"))
        run.report.errors.append(
            f"tenant {tenant.org_id}: source {source.id}: no mapping '{source.system}'. Known: {known}."
        )
        return
    one = _opened(run, tenant, source, mappings[source.system])
    steps = (one.resume, one.reading.resume, one.take_files, one.confirm_deletions)
    for step in (*steps, one.take_tables, one.take_apis):
        try:
            step()
        except ClaimlakeError as error:
            one.fail("", str(error))
        except duckdb.Error as error:
            one.fail("", stopped(error))
    one.end()


def _opened(run: Run, tenant: Tenant, source: Source, mapping: SourceMapping) -> SourceRun:
    """The ingestion of one source, its ledger, its log and its folder of kept files made."""
    feeds, problems = run.config.feeds(tenant, source, mapping)
    run.report.errors += problems
    ledger = Ledger(run.workspace, tenant.org_id, source.id)
    ledger.prepare()
    log = RunLog(run.workspace, tenant.org_id, source.id)
    log.prepare(feed_configs(source, mapping, feeds, run.contracts))
    files = run.workspace.files_path / tenant.org_id
    files.mkdir(parents=True, exist_ok=True)
    return SourceRun(run, tenant, source, feeds, mapping, ledger, files, log)


def opened_sources(
    workspace: Workspace, org_id: str, report: IngestReport, progress: Progress | None = None
) -> list[SourceRun]:
    """Every source of a tenant whose mapping exists, active or not, for reading its kept files again."""
    open_log(workspace)
    tenant = _tenant(load_tenants(workspace.path / "tenants"), org_id)
    run = replace(_run(workspace, [tenant], report), progress=progress or _silent)
    mappings = load_mappings(workspace, run.contracts, {source.system for source in tenant.sources})
    return [
        _opened(run, tenant, source, mappings[source.system])
        for source in tenant.sources
        if source.system in mappings
    ]


def _secret(workspace: Workspace) -> bytes:
    """The workspace's own key of keyed_hash, made once and readable by its owner alone."""
    file = workspace.path / ".hash.key"
    if not file.exists():
        temporary = workspace.path / f".hash.key.{os.getpid()}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as writer:
            writer.write(secrets.token_bytes(32))
            writer.flush()
            os.fsync(writer.fileno())
        temporary.replace(file)
    return file.read_bytes()


def _silent(_: str) -> None:
    return
