"""Code sets from files: reference load and reference list."""

import sys
from datetime import date, datetime
from pathlib import Path

import click

from claimlake.commands.terminal import as_data, in_workspace, show, tell
from claimlake.errors import ConfigurationError
from claimlake.sources.reference_edition import due_edition, editions, update_months
from claimlake.sources.reference_list import Lists
from claimlake.tenant import Tenant, load_tenants
from claimlake.workspace import Workspace

DAY = click.DateTime(formats=["%Y-%m-%d"])
of_tenants = click.option("--org", "org_ids", multiple=True, help="Only this tenant; may be repeated.")


@click.group("reference")
def reference_group() -> None:
    """Code sets you are licensed for: load an edition, list what there is."""


@reference_group.command("load")
@click.argument("kind")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@in_workspace
@click.option("--valid-from", type=DAY, help="First day of this edition; may be left out for the first.")
@of_tenants
@as_data
def reference_load_command(
    kind: str,
    file: Path,
    folder: Path,
    valid_from: datetime | None,
    org_ids: tuple[str, ...],
    as_json: bool,
) -> None:
    """Load FILE as one edition of the code set KIND; the codes it no longer has end on its first day.

    Kinds: carc, ccn, cpt, hcpcs, icd10cm, icd10pcs, msdrg, mue, ncci, place_of_service, rarc, revenue_code,
    taxonomy.

    Example: claimlake reference load icd10cm icd10cm_order_2026.txt --valid-from 2025-10-01 --dir acme
    """
    workspace = Workspace.open(folder)
    day = valid_from.date() if valid_from else None
    tenants = _chosen(workspace, org_ids)
    report = Lists.of(workspace, lambda _: None).load(kind, file, tenants, valid_from=day)
    if as_json:
        show(report.as_dict())
    else:
        click.echo(str(report))
    sys.exit(report.exit_code)


@reference_group.command("list")
@in_workspace
@of_tenants
@as_data
def reference_list_command(folder: Path, org_ids: tuple[str, ...], as_json: bool) -> None:
    """List the editions of code sets that are there, and those that are due.

    Example: claimlake reference list --dir acme
    """
    workspace = Workspace.open(folder)
    found = [line for tenant in _chosen(workspace, org_ids) for line in _lines(workspace, tenant)]
    if as_json:
        show(found)
        return
    for line in found:
        until = line["valid_to"] or "now"
        late = f"  REF-02: the edition of {line['due']} is missing" if line["due"] else ""
        place = f"{line['org_id']:<16} {line['code_set']:<17}"
        click.echo(
            f"{place} {line['valid_from']} to {until!s:<10} {line['codes']:>9,}  {line['edition']}{late}"
        )
    if not found:
        tell("No edition of a code set yet. Load one with: claimlake reference load KIND FILE")


def _lines(workspace: Workspace, tenant: Tenant) -> list[dict[str, object]]:
    months = update_months()
    today = date.today()
    return [
        {
            "org_id": tenant.org_id,
            "code_set": edition.code_set,
            "source": edition.source_system_id,
            "valid_from": edition.edition_from,
            "valid_to": edition.valid_to,
            "codes": edition.codes,
            "edition": edition.edition,
            "due": due_edition(edition.edition_from, today, months.get(edition.code_set, []))
            if edition.valid_to is None
            else None,
        }
        for edition in editions(workspace, tenant.org_id)
    ]


def _chosen(workspace: Workspace, org_ids: tuple[str, ...]) -> list[Tenant]:
    tenants = load_tenants(workspace.path / "tenants")
    known = [tenant.org_id for tenant in tenants]
    for org_id in org_ids:
        if org_id not in known:
            remedy = f"Known: {', '.join(known) or 'none'}."
            raise ConfigurationError(f"no tenant '{org_id}'", where="tenants", remedy=remedy)
    return [tenant for tenant in tenants if not org_ids or tenant.org_id in org_ids]
