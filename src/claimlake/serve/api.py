"""The JSON API: metrics, their values, the rows behind them, a claim's timeline and the raw record."""

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from claimlake.access.audit import record
from claimlake.access.session import Session
from claimlake.errors import QueryError
from claimlake.metrics.drill import Drill, query_rows
from claimlake.metrics.explain import list_kpis, show_kpi
from claimlake.metrics.period import Period, parse_period
from claimlake.metrics.plan import Question
from claimlake.metrics.query import query
from claimlake.serve.answer import etag
from claimlake.serve.auth import CanSeeFigures, CanSeeRaw, CanSeeRows, site_of, user_of
from claimlake.serve.claim import load_claim
from claimlake.serve.filter import parse_filters
from claimlake.serve.missing import NotFoundError
from claimlake.serve.raw import Place, is_segmented, read_extent
from claimlake.serve.raw_row import read_placed, read_row

MOST_PERIODS = 60


class Problem(BaseModel):
    """What went wrong, where, and what to do."""

    what: str
    where: str
    remedy: str


class ErrorBody(BaseModel):
    """The body of every error."""

    error: Problem


class MetricItem(BaseModel):
    """A KPI in the list."""

    key: str
    name: str
    setting: str
    dashboard: str
    unit: str
    direction: str
    frequency: str
    steward: str


class ValueItem(BaseModel):
    """A KPI for one period and combination of dimensions; amounts are decimal text, so nothing is rounded."""

    key: str
    period_start: date
    period_end: date
    dims: dict[str, str | None]
    value: str | None
    numerator: str | None
    denominator: str | None
    reason: str | None = Field(description="Why there is no value")


class Values(BaseModel):
    """Answer to a question about KPIs."""

    org_id: str
    snapshot_id: int
    values: list[ValueItem]


class Rows(BaseModel):
    """One page of the rows behind a term."""

    org_id: str
    snapshot_id: int
    table: str
    total: int
    rows: list[dict[str, Any]]


router = APIRouter(
    prefix="/api/v1",
    responses={code: {"model": ErrorBody} for code in (400, 401, 403, 404, 422)},
    tags=["v1"],
)


@router.get("/metrics", response_model=list[MetricItem])
def metrics(
    request: Request, session: CanSeeFigures, setting: str | None = None, dashboard: str | None = None
) -> Response:
    """All KPIs of the catalogue."""
    found = list_kpis(site_of(request).catalog, setting=setting, dashboard=dashboard)
    return _answer(request, session, found)


@router.get("/metrics/{key}", response_model=dict[str, Any])
def metric(request: Request, key: str, session: CanSeeFigures) -> Response:
    """The whole definition of one KPI."""
    _known(request, key)
    return _answer(request, session, show_kpi(site_of(request).catalog, key))


@router.get("/values", response_model=Values)
def values(  # noqa: PLR0913, PLR0917 - one parameter per part of the address
    request: Request,
    session: CanSeeFigures,
    keys: Annotated[str, Query(description="KPI keys, comma separated", max_length=4000)] = "",
    period: Annotated[
        str, Query(description="2026-06, 2026-Q2, 2026 or 2026-06-01..2026-06-30", max_length=40)
    ] = "",
    trailing: Annotated[
        int, Query(description="How many periods, ending with this one", ge=1, le=MOST_PERIODS)
    ] = 1,
    grain: Annotated[str, Query(description="Dimensions, comma separated", max_length=200)] = "",
) -> Response:
    """Values of KPIs, live on the latest snapshot; filters are entity, payer, payer_class and department."""
    site = site_of(request)
    wanted = [key.strip() for key in keys.split(",") if key.strip()]
    if not wanted:
        raise QueryError("no KPI was asked for.", where="keys", remedy="Name one or more, comma separated.")
    for key in wanted:
        _known(request, key)
    last = _period(request, session, period)
    question = Question(
        [last.shifted(step) for step in range(1 - trailing, 1)],
        [name.strip() for name in grain.split(",") if name.strip()],
        parse_filters(request.query_params).dimensions,
    )
    found = [
        {
            "key": item.key,
            "period_start": item.period_start.isoformat(),
            "period_end": item.period_end.isoformat(),
            "dims": dict(item.dims),
            "value": _text(item.value),
            "numerator": _text(item.numerator),
            "denominator": _text(item.denominator),
            "reason": item.reason,
        }
        for item in query(session, site.catalog, wanted, question)
    ]
    return _answer(request, session, _wrapped(session, values=found))


@router.get("/metrics/{key}/rows", response_model=Rows)
def rows(  # noqa: PLR0913, PLR0917
    request: Request,
    key: str,
    session: CanSeeRows,
    side: Annotated[str, Query(pattern="^(numerator|denominator)$")] = "numerator",
    term: Annotated[int, Query(ge=0, le=20)] = 0,
    period: Annotated[str, Query(max_length=40)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Response:
    """The rows one term of a KPI counted."""
    _known(request, key)
    wanted = Drill(
        key, _period(request, session, period), side, term, parse_filters(request.query_params).dimensions
    )
    found = query_rows(session, site_of(request).catalog, wanted, limit=limit, offset=offset)
    body = [_plain(dict(zip(found.columns, row, strict=True))) for row in found.rows]
    content = _wrapped(session, table=found.table, total=found.total, rows=body)
    return _answer(request, session, content, action="drill")


@router.get("/claims/{claim_key}", response_model=dict[str, Any])
def claim(request: Request, claim_key: str, session: CanSeeRows) -> Response:
    """A claim with its events in order."""
    found = load_claim(session, claim_key)
    content = _wrapped(
        session,
        claim=_plain(found.fact),
        events=[_plain(asdict(event)) for event in found.events],
        other_claims=[row["claim_key"] for row in found.siblings],
    )
    return _answer(request, session, content, action="drill")


@router.get("/raw/{file_id}", response_model=dict[str, Any])
def raw(  # noqa: PLR0913, PLR0917
    request: Request,
    file_id: str,
    session: CanSeeRaw,
    offset: Annotated[int | None, Query(ge=0)] = None,
    length: Annotated[int | None, Query(ge=1)] = None,
    row: Annotated[int | None, Query(ge=0)] = None,
) -> Response:
    """The raw record by offset and length, or by row: X12 segments, or a landed row with its text."""
    workspace = site_of(request).workspace
    if row is not None:
        return _answer(request, session, asdict(read_row(workspace, session, file_id, row)), action="raw")
    if offset is None or length is None:
        raise QueryError(
            "no extent was asked for.", where="offset, length", remedy="Give offset and length, or row."
        )
    read = read_extent if is_segmented(workspace, session, file_id) else read_placed
    found = read(workspace, session, Place(file_id, offset, length))
    return _answer(request, session, asdict(found), action="raw")


def _known(request: Request, key: str) -> None:
    if key not in site_of(request).catalog.kpis:
        raise NotFoundError("no such KPI.", where="key", remedy="List them at /api/v1/metrics.")


def _period(request: Request, session: Session, text: str) -> Period:
    if text:
        return parse_period(text)
    return site_of(request).scope(session).settled(parse_filters(request.query_params)).period


def _wrapped(session: Session, **content: Any) -> dict[str, Any]:
    return {"org_id": session.org_id, "snapshot_id": session.snapshot_id, **content}


def _answer(request: Request, session: Session, content: Any, *, action: str = "api") -> Response:
    record(site_of(request).workspace, user_of(request), action, request.url.path)
    tag = etag(request, session)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Cookie, Authorization"}
    if tag in [item.strip() for item in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    return JSONResponse(_plain(content), headers=headers)


def _plain(value: Any) -> Any:
    """The value as JSON has it: decimals and dates as text."""
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)
