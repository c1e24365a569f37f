"""Mappings of source systems: sources check, suggest, list and schema."""

import sys
from pathlib import Path

import click

from claimlake.commands.terminal import as_data, in_workspace, show, tell
from claimlake.sources.check import checker, opened
from claimlake.sources.file_origin import FileOrigin
from claimlake.sources.ingest import all_contracts
from claimlake.sources.mapping import Feed, load_mappings
from claimlake.sources.mapping_schema import mapping_schema
from claimlake.sources.suggest import suggest
from claimlake.sources.table_origin import TableOrigin

FILE = click.Path(path_type=Path, exists=True, dir_okay=False, readable=True)


@click.group("sources")
def sources_group() -> None:
    """Look at the systems that can be loaded, and map another one."""


@sources_group.command("list")
@in_workspace
@as_data
def sources_list_command(folder: Path, as_json: bool) -> None:
    """List the known systems and their feeds: the built-in ones and those of the workspace."""
    with opened(folder) as workspace:
        contracts = all_contracts(workspace)
        systems = [file.stem for file in workspace.content("sources", "*.yml")]
        mappings = load_mappings(workspace, contracts, systems)
    if as_json:
        show(
            [
                {
                    "system": mapping.system,
                    "feeds": [
                        {
                            "feed": feed.name,
                            "from": _origin(feed),
                            "into": _tables(feed),
                            "active": feed.is_active,
                        }
                        for feed in mapping.feeds
                    ],
                }
                for mapping in mappings.values()
            ]
        )
        return
    for mapping in mappings.values():
        click.echo(mapping.system)
        for feed in mapping.feeds:
            into = ", ".join(_tables(feed)) or "the X12 tables"
            click.echo(f"  {feed.name}: {_origin(feed)} → {into}{'' if feed.is_active else ' (off)'}")


@sources_group.command("check")
@click.argument("file", type=FILE)
@in_workspace
@click.option("--org", "org_id", help="Tenant; what it has loaded before counts as known.")
@click.option("--source", "source_id", help="Source of the tenant.")
@click.option("--system", help="System whose mapping is used, instead of a source's.")
@click.option("--mapping", type=FILE, help="Mapping file that is used, instead of a system's.")
@as_data
def sources_check_command(
    file: Path,
    folder: Path,
    org_id: str | None,
    source_id: str | None,
    system: str | None,
    mapping: Path | None,
    as_json: bool,
) -> None:
    """Show what would become of a file, and load nothing.

    With --org and --source, load_config.csv counts as it does when the source is loaded.

    Example: claimlake sources check patients.csv --mapping acme/sources/pm_export.yml
    """
    with checker(folder, org_id=org_id, source_id=source_id, system=system, mapping=mapping) as one:
        checks, notes = one.check(file), one.notes
    for note in notes:
        tell(f"Note: {note}")
    if as_json:
        show([check.as_dict() for check in checks])
    else:
        click.echo("\n".join(str(check) for check in checks))
    sys.exit(0 if all(check.is_clean for check in checks) else 1)


@sources_group.command("suggest")
@click.argument("file", type=FILE)
@in_workspace
@click.option("--system", default="new_system", show_default=True, help="Name of the system.")
@as_data
def sources_suggest_command(file: Path, folder: Path, system: str, as_json: bool) -> None:
    """Propose a mapping for files like this one, to be edited.

    Example: claimlake sources suggest patients.csv --system pm_export > acme/sources/pm_export.yml
    """
    with opened(folder) as workspace:
        found = suggest(workspace, file, system)
    if as_json:
        show(vars(found))
    else:
        click.echo(found.text, nl=False)
        for column in found.missing:
            click.echo(
                f"Missing: {found.table} needs {column}; no column of the file seems to hold it.", err=True
            )
    sys.exit(1 if found.missing else 0)


@sources_group.command("schema")
@in_workspace
def sources_schema_command(folder: Path) -> None:
    """Print the JSON Schema of mapping files, for completion in an editor.

    Example: claimlake sources schema > mapping.schema.json
    """
    with opened(folder) as workspace:
        show(mapping_schema(all_contracts(workspace)))


def _origin(feed: Feed) -> str:
    match feed.origin:
        case FileOrigin():
            return f"{feed.origin.format} files {feed.origin.pattern}"
        case TableOrigin():
            return f"table {feed.origin.table}"
    return f"API {feed.origin.api}"


def _tables(feed: Feed) -> list[str]:
    return [target.table.removeprefix("bronze.") for target in feed.into]
