"""Whether a landed file may be shown as it came: no feed that read it keeps a column out of the lake."""

from claimlake.lake.ledger import feeds_of_content
from claimlake.sources.ingest import all_contracts
from claimlake.sources.mapping import load_mappings
from claimlake.tenant import load_tenants
from claimlake.workspace import Workspace


def is_kept_whole(workspace: Workspace, org_id: str, file_id: str) -> bool:
    """Whether every feed that took a file keeps its records whole; false when one is no longer known."""
    taken = feeds_of_content(workspace, org_id, file_id)
    tenant = next((one for one in load_tenants(workspace.path / "tenants") if one.org_id == org_id), None)
    if not taken or tenant is None:
        return False
    systems = {source.id: source.system for source in tenant.sources}
    mappings = load_mappings(workspace, all_contracts(workspace), systems.values())
    for source_id, name in taken:
        mapping = mappings.get(systems.get(source_id, ""))
        feed = next((feed for feed in mapping.feeds if feed.name == name), None) if mapping else None
        if feed is None or feed.omit:
            return False
    return True
