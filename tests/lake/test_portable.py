from pathlib import Path

import pytest

from claimlake.lake.portable import lint

HEADER = "-- One row.\n-- grain: k\n"


def _messages(folder: Path, sql: str) -> list[str]:
    file = folder / "silver" / "x.sql"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"{HEADER}{sql}\n")
    return [f"{finding.where}: {finding.message}" for finding in lint(file)]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("date_diff('month', x.a_date, x.b_date)", "year * 12 + month"),
        ("date_diff('hour', x.a_at, x.b_at)", "counts differently"),
        ("x.b_date - x.a_date", "date_diff('day', earlier, later)"),
        ("max(x.paid_on) - cast(x.t as date)", "date_diff('day', earlier, later)"),
        ("x.a_date + interval 90 day", "cast(day + interval 90 day as date)"),
        ("cast(x.a_date + interval (x.n) day as date)", "cast(day + n as date)"),
        ("date_trunc('month', x.a_date)", "cast(date_trunc('month', day) as date)"),
        ("dayofweek(x.a_date)", "reference.calendar"),
        ("isodow(x.a_date)", "reference.calendar"),
        ("extract(dow from x.a_date)", "reference.calendar"),
        ("weekday(x.a_date)", "not known on both engines"),
        ("median(x.amount)", "median(cast(x as double))"),
        ("avg(x.amount)", "avg(cast(x as double))"),
        ("quantile_cont(x.amount, 0.9)", "quantile_cont(cast(x as double), q)"),
        ("percentile_cont(0.9) within group (order by x.amount)", "quantile_cont"),
        ("cast(x.amount as int)", "cast(round(x) as bigint)"),
        ("cast(x.amount / nullif(x.n, 0) as bigint)", "cast(round(x) as bigint)"),
        ("hash(x.k)", "md5(concat_ws('|', …))"),
        ("cast(x.a as double) / x.b", "a / nullif(b, 0)"),
        ("x.a / nullif(x.b, 0)", "cast(a as double)"),
        ("x.n // x.m", "a / nullif(b, 0)"),
        ("list_filter(x.l, n -> n > 1)", "lambdas differ"),
        ("[n for n in x.l]", "comprehensions"),
        ("list(x.t order by x.k)", "string_agg"),
        ("first(x.t order by x.k)", "min_by"),
        ("any_value(x.t)", "min(x)"),
        ("count_if(x.is_paid)", "count(*) filter"),
        ("epoch(x.a_at)", "date_diff('second'"),
        ("regexp_replace(x.t, 'a', 'b')", "'g'"),
        ("current_date", "horizon"),
        ("now()", "not known on both engines"),
        ("random()", "same rows each time"),
        ("my_function(x.t)", "my_function() is not known"),
        (
            "sum(x.a) over (order by x.a_date range between interval 30 day preceding and current row)",
            "frame",
        ),
        ("generate_series(x.a_date, x.b_date, interval 1 day)", "reference.calendar"),
        ("null", "cast(null as text) as v"),
        ("case when x.is_paid then 0 else x.amount end", "cast(0 as decimal(18, 2))"),
        ("if(x.is_paid, -1, x.amount)", "cast(-1 as decimal(18, 2))"),
        ("x.a_at at time zone 'UTC'", "when they are landed"),
    ],
)
def test_expression_that_differs_is_refused(tmp_path: Path, expression: str, message: str) -> None:
    findings = _messages(tmp_path, f"select\n    x.k,\n    {expression} as v\nfrom bronze.x as x")
    assert any(message in finding for finding in findings), findings


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select * from bronze.x as x", "select * in the last select"),
        ("select x.* from bronze.x as x", "select * in the last select"),
        ("select x.k from bronze.x as x asof join bronze.y as y on x.a >= y.a", "asof join"),
        ("select x.k from bronze.x as x join bronze.y as y using (k)", "write on"),
        ("with z as (select * exclude (a) from bronze.x) select z.k from z", "* exclude"),
        ("with z as (select * replace (1 as a) from bronze.x) select z.k from z", "* replace"),
        ("select x.k from bronze.x as x union all by name select y.k from bronze.y as y", "union by name"),
        ("select x.k, count(*) as n from bronze.x as x group by all", "group by all"),
        ("select x.k from bronze.x as x limit 3", "qualify row_number()"),
        (
            "with recursive z as (select 1 as k union all select z.k + 1 from z) select z.k from z",
            "recursive",
        ),
        ("select x.k from bronze.x as x, lateral (select 1 as one) as y", "lateral"),
        (
            "select x.k from bronze.x as x where (x.a, x.b) in (select y.a, y.b from bronze.y as y)",
            "write exists",
        ),
        ("select x.a + 1 as b, b + 1 as c from bronze.x as x", "'b' is defined in this select"),
        ("select 0 as v from bronze.x as x union all select y.amount from bronze.y as y", "types the union"),
        ("from bronze.x pivot (sum(a) for k in ('A'))", "filtered sums"),
    ],
)
def test_shape_that_differs_is_refused(tmp_path: Path, sql: str, message: str) -> None:
    findings = _messages(tmp_path, sql)
    assert any(message in finding for finding in findings), findings


@pytest.mark.parametrize(
    "expression",
    [
        "date_diff('day', x.a_date, x.b_date)",
        "date_diff('second', x.a_at, x.b_at)",
        "cast(x.a_date + interval 90 day as date)",
        "cast(date_trunc('month', x.a_date) as date)",
        "cast(x.a_date + x.n as date)",
        "median(cast(x.amount as double))",
        "cast(round(x.amount * 100) as bigint)",
        "cast(sum(round(x.amount * 100)) as bigint)",
        "cast(x.is_paid as int)",
        "cast(x.a > x.b as int)",
        "cast(case when x.a > x.b then 1 else 0 end as bigint)",
        "(2 * x.p + x.q) // nullif(2 * x.q, 0)",
        "cast(x.a as double) / nullif(x.b, 0)",
        "sha256(concat_ws('|', x.org_id, coalesce(x.t, '')))",
        "string_agg(x.t, ' ' order by x.k)",
        "regexp_replace(x.t, '[^0-9]', '', 'g')",
        "row_number() over (partition by x.org_id order by x.k)",
        "sum(x.a) over (order by x.k rows between unbounded preceding and current row)",
        "count(*) filter (where x.is_paid)",
        "max_by(x.t, x.a)",
        "case when x.a > 0 then null else x.b end",
        "case when x.a > 0 then 1 else 0 end",
        "case when x.a > 0 then x.b else 0 end",
        "case when x.a > 0 then cast(0 as decimal(18, 2)) else x.b end",
        "quantile_cont(cast(x.a as double), 0.9)",
    ],
)
def test_expression_that_means_the_same_passes(tmp_path: Path, expression: str) -> None:
    assert _messages(tmp_path, f"select\n    x.k,\n    {expression} as v\nfrom bronze.x as x") == []


def test_finding_names_file_and_line(tmp_path: Path) -> None:
    findings = _messages(tmp_path, "select\n    x.k,\n    hash(x.k) as v\nfrom bronze.x as x")
    assert findings[0].startswith("silver/x.sql:5: hash()")
