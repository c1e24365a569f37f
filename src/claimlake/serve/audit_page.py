"""The audit chain of the tenant, for administrators."""

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from claimlake.access.audit import entries, verify
from claimlake.serve.answer import Sheet, page
from claimlake.serve.auth import CanAudit, site_of
from claimlake.serve.table import Cell, Head, Table

router = APIRouter(include_in_schema=False)
HEADS = [
    Head("Entry", is_number=True),
    Head("Time (UTC)"),
    Head("User"),
    Head("Action"),
    Head("Page"),
    Head("Detail"),
]


@router.get("/audit")
def audit(request: Request, session: CanAudit) -> Response:
    """The newest entries and whether the whole chain is intact."""
    site = site_of(request)
    found = entries(site.workspace, org_id=session.org_id)
    verdict = verify(site.workspace)
    rows = [
        [
            Cell(str(item.entry), str(item.entry)),
            Cell(item.at[:19].replace("T", " ")),
            Cell(item.user_name),
            Cell(item.action),
            Cell(item.object, tone="code"),
            Cell("" if item.detail == "{}" else item.detail, tone="code"),
        ]
        for item in found
    ]

    def draw() -> Markup:
        return site.draw("audit.html", verdict=verdict, table=Table("Newest entries", HEADS, rows))

    return page(request, session, draw, Sheet("Audit", action="audit", is_cached=False))
