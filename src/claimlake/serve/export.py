"""Lists as files: the same masked rows a reader sees, noted in the audit chain."""

import csv
import io

from fastapi import APIRouter, Request
from starlette.responses import Response

from claimlake.access.audit import record
from claimlake.metrics.drill import Drill, query_rows
from claimlake.serve.auth import CanExport, site_of, user_of
from claimlake.serve.listing import listing
from claimlake.serve.missing import NotFoundError
from claimlake.serve.pages import known_kpi, view_of
from claimlake.serve.table import Table

router = APIRouter(include_in_schema=False)
MOST_ROWS = 500
"""More need approval: losing 500 records or more must be reported at once (45 CFR 164.408)."""


@router.get("/metrics/{key}/{side}/{term}/export")
def export_rows(request: Request, key: str, side: str, term: int, session: CanExport) -> Response:
    """The first rows behind a term as CSV."""
    site, kpi = site_of(request), known_kpi(request, key)
    sides = dict(kpi.sides)
    if side not in sides or not 0 <= term < len(sides[side].terms):
        raise NotFoundError("no such term.", remedy="Follow a link from the KPI's page.")
    view = view_of(request, session, kpi.dashboard)
    wanted = Drill(key, view.filters.period, side, term, view.filters.dimensions)
    found = query_rows(session, site.catalog, wanted, limit=MOST_ROWS)
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
    table = listing(session, view.scope, view.filters, kpi.name, rows)
    record(site.workspace, user_of(request), "export", request.url.path, {"rows": len(rows)})
    name = f"{key}-{side}-{view.filters.month}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(csv_text(table), media_type="text/csv; charset=utf-8", headers=headers)


def csv_text(table: Table) -> str:
    """The table as CSV with exact values; a cell a spreadsheet would run as a formula is made text."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([head.label for head in table.heads])
    for row in table.rows:
        writer.writerow([_safe(cell.sort or cell.text) for cell in row])
    return out.getvalue()


def _safe(text: str) -> str:
    is_number = text.removeprefix("-").replace(".", "", 1).isdigit()
    return f"'{text}" if text[:1] in "=+-@\t\r" and text and not is_number else text
