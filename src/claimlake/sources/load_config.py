"""load_config.csv: which tables of which source are read, how, and under which source their rows are kept.

One line a table, beside the YAML mappings: a mapping says what the columns mean, a line says whether and
how the table is loaded, and wins. Of a source that the file names, only the tables it lists are read.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from claimlake.errors import ConfigurationError
from claimlake.keys import suggest
from claimlake.sources.mapping import Feed, SourceMapping
from claimlake.sources.table_origin import TableOrigin
from claimlake.tenant import Source, Tenant
from claimlake.workspace import Workspace

FILE = "load_config.csv"
COLUMNS = ("database", "datasource", "tablename", "loadtype", "watermark", "is_active", "targetpath")
FLAGS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


@dataclass(frozen=True)
class Line:
    """One table of one source."""

    number: int
    database: str
    datasource: str
    """Id of the source, or org_id/source_id where tenants share an id."""
    tablename: str
    loadtype: str
    watermark: str | None
    is_active: bool
    targetpath: str | None
    """Id of the source the rows are kept under; its own where nothing is said."""


@dataclass(frozen=True)
class LoadConfig:
    """The lines of the file that can be followed, and what is wrong with the others."""

    file: str = FILE
    lines: tuple[Line, ...] = ()
    problems: tuple[str, ...] = ()
    named: frozenset[str] = field(default_factory=frozenset)
    """Every datasource of the file, those of faulty lines too: only what the file says is read of them."""

    def feeds(self, tenant: Tenant, source: Source, mapping: SourceMapping) -> tuple[list[Feed], list[str]]:
        """The feeds of a source as the file has them, and what is wrong with its lines."""
        names = {source.id, f"{tenant.org_id}/{source.id}"}
        if not names & self.named:
            return mapping.feeds_of(source.id), []
        declared = mapping.declared_of(source.id)
        feeds = [feed for feed in declared if feed.is_active and not isinstance(feed.origin, TableOrigin)]
        problems: list[str] = []
        taken: dict[str, Line] = {}
        for line in self.lines:
            if line.datasource not in names:
                continue
            try:
                feed = self._configured(line, tenant, source, declared)
                _refuse_second(line, taken.setdefault(feed.name, line), feed)
            except ConfigurationError as error:
                problems.append(str(error))
                continue
            if line.is_active:
                feeds = [*(one for one in feeds if one.name != feed.name), feed]
        return feeds, problems

    def unknown(self, tenants: Sequence[Tenant]) -> list[str]:
        """Lines whose datasource is no source of a tenant, or of several."""
        sources = [(tenant.org_id, source.id) for tenant in tenants for source in tenant.sources]
        problems = []
        for line in self.lines:
            found = [f"{org}/{name}" for org, name in sources if line.datasource in (name, f"{org}/{name}")]
            where = self._where(line)
            if not found:
                remedy = suggest(line.datasource, {name for _, name in sources})
                problems.append(f"{where}: no source '{line.datasource}'. {remedy}")
            elif len(found) > 1:
                remedy = f"Write {' or '.join(found)}."
                problems.append(f"{where}: '{line.datasource}' is a source of several tenants. {remedy}")
        return problems

    def without_ambiguous(self, tenants: Sequence[Tenant]) -> "LoadConfig":
        """The file without the lines whose source several tenants have; they are read for none."""
        ids = [source.id for tenant in tenants for source in tenant.sources]
        several = {name for name in ids if ids.count(name) > 1}
        return replace(self, lines=tuple(line for line in self.lines if line.datasource not in several))

    def _configured(self, line: Line, tenant: Tenant, source: Source, declared: Sequence[Feed]) -> Feed:
        where = self._where(line)
        feed = _feed_of(line, declared, where)
        known = [one.id for one in tenant.sources]
        if line.targetpath and line.targetpath not in known:
            raise ConfigurationError(
                f"targetpath '{line.targetpath}' is no source of tenant {tenant.org_id}.",
                where=where,
                remedy=f"Declare it there, or leave it empty to keep the rows under '{source.id}'.",
            )
        before = feed.origin if isinstance(feed.origin, TableOrigin) else TableOrigin(line.tablename)
        if line.watermark and line.watermark.lower() in {name.lower() for name in feed.omit}:
            raise ConfigurationError(
                f"watermark '{line.watermark}' is among the omitted columns, so it is not kept.",
                where=where,
                remedy="Take it out of 'omit', or load in full.",
            )
        origin = replace(before, table=line.tablename, load=line.loadtype, watermark=line.watermark)
        return replace(
            feed,
            origin=origin,
            source_system_id=line.targetpath or feed.source_system_id,
            is_active=line.is_active,
        )

    def _where(self, line: Line) -> str:
        return f"{self.file}:{line.number}"


def read_load_config(workspace: Workspace) -> LoadConfig:
    """The load configuration of a workspace; one without lines when there is no file."""
    file = workspace.path / FILE
    if not file.is_file():
        return LoadConfig()
    try:
        rows = list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines()))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(
            "is no CSV file in UTF-8.", where=FILE, remedy="Save it again as CSV, UTF-8."
        ) from error
    _check_header(rows[0] if rows else [], FILE)
    return _parsed(rows)


def _check_header(header: Sequence[str], where: str) -> None:
    names = [name.strip().lower() for name in header]
    missing = [name for name in COLUMNS if name not in names]
    unknown = [name for name in names if name not in COLUMNS]
    if missing or unknown or len(set(names)) < len(names):
        what = (
            f"no column '{missing[0]}'"
            if missing
            else f"column '{unknown[0]}'"
            if unknown
            else "a column twice"
        )
        raise ConfigurationError(f"{what}.", where=f"{where}:1", remedy=f"Columns are: {','.join(COLUMNS)}.")


def _parsed(rows: Sequence[Sequence[str]]) -> LoadConfig:
    names = [name.strip().lower() for name in rows[0]]
    lines: dict[tuple[str, str], Line] = {}
    problems: list[str] = []
    named: set[str] = set()
    for number, cells in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        values = dict(zip(names, (cell.strip() for cell in cells), strict=False))
        if values.get("datasource"):
            named.add(values["datasource"])
        try:
            line = _line(number, cells, values)
            same = lines.get((line.datasource, line.tablename.lower()))
            if same:
                raise _wrong(
                    number, f"table '{line.tablename}' is on line {same.number} already.", "Remove one."
                )
        except ConfigurationError as error:
            problems.append(str(error))
            continue
        lines[line.datasource, line.tablename.lower()] = line
    return LoadConfig(FILE, tuple(lines.values()), tuple(problems), frozenset(named))


def _line(number: int, cells: Sequence[str], values: Mapping[str, str]) -> Line:
    if len(cells) != len(COLUMNS):
        raise _wrong(
            number, f"{len(cells)} cells, not {len(COLUMNS)}.", "Write one cell a column, empty ones too."
        )
    for name in ("datasource", "tablename"):
        if not values[name]:
            raise _wrong(number, f"'{name}' is empty.", "Fill it in.")
    load = values["loadtype"].lower()
    if load not in ("full", "incremental"):
        raise _wrong(number, f"loadtype '{values['loadtype']}'.", "Write Full or Incremental.")
    if load == "incremental" and not values["watermark"]:
        raise _wrong(
            number,
            "an incremental load has no watermark.",
            "Name the column of the last change, or write Full.",
        )
    active = FLAGS.get(values["is_active"].lower())
    if active is None:
        raise _wrong(number, f"is_active '{values['is_active']}'.", "Write 1 or 0.")
    return Line(
        number=number,
        database=values["database"],
        datasource=values["datasource"],
        tablename=values["tablename"],
        loadtype=load,
        watermark=values["watermark"] or None,
        is_active=active,
        targetpath=values["targetpath"] or None,
    )


def _feed_of(line: Line, declared: Sequence[Feed], where: str) -> Feed:
    """The feed that reads the table; else the one that is named like it, whatever it reads now."""
    tables = [feed for feed in declared if isinstance(feed.origin, TableOrigin)]
    for feed in tables:
        if isinstance(feed.origin, TableOrigin) and _is_same(feed.origin.table, line.tablename):
            return feed
    plain = line.tablename.rpartition(".")[2].lower()
    for feed in declared:
        if feed.name.lower() == plain and feed.into:
            return feed
    known = [feed.origin.table for feed in tables if isinstance(feed.origin, TableOrigin)]
    raise ConfigurationError(
        f"no feed of the mapping reads table '{line.tablename}' or is named like it.",
        where=where,
        remedy=suggest(line.tablename, set(known) or {feed.name for feed in declared}),
    )


def _refuse_second(line: Line, first: Line, feed: Feed) -> None:
    """One feed reads one table: `charges` and `dbo.charges` can both mean it."""
    if line is not first:
        raise _wrong(
            line.number,
            f"table '{line.tablename}' is read by feed '{feed.name}', "
            f"as is '{first.tablename}' on line {first.number}.",
            "Remove one of the two lines, or give the other table a feed of its own.",
        )


def _is_same(one: str, other: str) -> bool:
    """Whether two names are of one table; a schema counts where both have one."""
    schema, _, name = one.lower().rpartition(".")
    other_schema, _, other_name = other.lower().rpartition(".")
    return name == other_name and (not schema or not other_schema or schema == other_schema)


def _wrong(number: int, what: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(what, where=f"{FILE}:{number}", remedy=remedy)
