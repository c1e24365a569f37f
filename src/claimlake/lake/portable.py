"""The linter that keeps models portable: it refuses what DuckDB and Spark do not both mean.

Run `python -m claimlake.lake.portable` to lint the built-in models. Every refusal was seen to fail, or to
give another figure in silence, when the two engines ran the same statement.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlglot import exp
from sqlglot.errors import SqlglotError

from claimlake.engines.spark import spark_sql
from claimlake.lake.model import LAYERS, line_of, parse
from claimlake.workspace import content_path

REFUSED: dict[type[exp.Expr], str] = {
    exp.AnyValue: "any_value(x) picks any row; write min(x) or max(x)",
    exp.ApproxDistinct: "approximate counts differ; write count(distinct x)",
    exp.ArrayAgg: "list(x) keeps nulls and order on one engine only; write string_agg(x, ' ' order by x)",
    exp.ArrayFilter: "lambdas differ; write a where clause",
    exp.AtTimeZone: "'at time zone' differs; convert times when they are landed",
    exp.Columns: "columns() is DuckDB's; name the columns",
    exp.Comprehension: "list comprehensions are DuckDB's; write a where clause",
    exp.CountIf: "count_if(x) is null without rows on one engine; write count(*) filter (where x)",
    exp.CurrentDate: "a model must not ask for today; read the horizon from the data",
    exp.CurrentTimestamp: "a model must not ask for the time; read it from the data",
    exp.DateAdd: "date_add(x, …) differs; write cast(x + interval 1 day as date)",
    exp.Dayname: "dayname() differs; join reference.calendar",
    exp.DayOfWeek: "dayofweek() counts from another day; join reference.calendar",
    exp.DayOfWeekIso: "isodow() counts from another day; join reference.calendar",
    exp.First: "first(x) depends on the order of rows; write min_by(x, y)",
    exp.Format: "format() differs; write concat_ws() or ||",
    exp.Lambda: "lambdas differ; write a where clause",
    exp.Last: "last(x) depends on the order of rows; write max_by(x, y)",
    exp.Lateral: "lateral joins are not everywhere; write a CTE and a join",
    exp.Limit: "limit keeps any rows; write qualify row_number() over (… order by …) <= n",
    exp.Localtimestamp: "a model must not ask for the time; read it from the data",
    exp.Mode: "mode(x) picks any of the most frequent; count and rank them",
    exp.Monthname: "monthname() differs; join reference.calendar",
    exp.Pivot: "pivot differs; write filtered sums",
    exp.Quantile: "quantile() differs; write quantile_cont(cast(x as double), q)",
    exp.Rand: "a model must give the same rows each time",
    exp.Sign: "sign(x) is a whole number on one engine only; write case when x < 0 then -1 … end",
    exp.TimeToUnix: "epoch() differs; write date_diff('second', a, b)",
    exp.Uuid: "a model must give the same keys each time; write sha256(concat_ws('|', …))",
    exp.WithinGroup: "'within group' differs; write quantile_cont(cast(x as double), q)",
}
WHOLE_TYPES = (exp.DType.INT, exp.DType.BIGINT, exp.DType.SMALLINT, exp.DType.TINYINT, exp.DType.INT128)
WHOLE_VALUES = (
    *(
        exp.Round,
        exp.Floor,
        exp.Ceil,
        exp.DateDiff,
        exp.IntDiv,
        exp.Count,
        exp.Length,
        exp.ArraySize,
        exp.Literal,
    ),
    *(exp.Year, exp.Month, exp.Day, exp.RowNumber, exp.Rank, exp.DenseRank, exp.StrPosition, exp.Predicate),
    *(exp.And, exp.Or, exp.Not, exp.Null, exp.Boolean, exp.SplitPart, exp.RegexpExtract, exp.Extract),
)
"""What may be cast to a whole number: the rest rounds on DuckDB and truncates on Spark."""
DATE_TYPES = (exp.DType.DATE, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ)
CALENDAR_PARTS = ("YEAR", "QUARTER", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")
DATE_NAMES = ("_date", "_on", "_at", "_from", "_to")


@dataclass(frozen=True)
class Finding:
    """One thing that is not portable."""

    where: str
    """layer/file.sql:line"""
    message: str


def lint(file: Path) -> list[Finding]:
    """What in one model's SQL is not portable, and what to write instead."""
    sql = file.read_text(encoding="utf-8")
    tree = parse(file, sql)
    found = {(line_of(node), message) for node in tree.walk() for message in _node_messages(node)}
    found |= {(line_of(tree), message) for message in _final_messages(tree)}
    try:
        spark_sql(sql)
    except SqlglotError as error:
        found.add((1, f"sqlglot cannot carry this to Spark: {error}"))
    place = f"{file.parent.name}/{file.name}"
    return [Finding(f"{place}:{line}", message) for line, message in sorted(found)]


def main() -> int:
    """Print the findings of every built-in model; exit code 1 when there are any."""
    findings = [
        finding
        for layer in LAYERS
        for file in sorted((content_path() / layer).glob("*.sql"))
        for finding in lint(file)
    ]
    for finding in findings:
        sys.stdout.write(f"{finding.where}: {finding.message}\n")
    return 1 if findings else 0


def _node_messages(node: exp.Expr) -> Iterator[str]:
    for rule in RULES:
        message = rule(node)
        if message:
            yield message


def _refused(node: exp.Expr) -> str | None:
    return REFUSED.get(type(node))


def _unknown_function(node: exp.Expr) -> str | None:
    if not isinstance(node, exp.Anonymous):
        return None
    if node.name.lower() == "hash":
        return "hash() differs; write md5(concat_ws('|', …)) or sha256(…)"
    return f"{node.name.lower()}() is not known on both engines; write it with functions that are"


def _date_difference(node: exp.Expr) -> str | None:
    if isinstance(node, exp.DateDiff) and node.text("unit").upper() not in ("DAY", "SECOND"):
        unit = node.text("unit").lower()
        return f"date_diff('{unit}') counts differently; write days, seconds, or year * 12 + month"
    return None


def _date_subtraction(node: exp.Expr) -> str | None:
    if isinstance(node, exp.Sub) and _is_date(node.this) and _is_date(node.expression):
        return "date - date differs; write date_diff('day', earlier, later)"
    return None


def _is_date(node: exp.Expr) -> bool:
    if isinstance(node, exp.Column):
        return node.name.endswith(DATE_NAMES)
    if isinstance(node, exp.Cast):
        return node.to.this in DATE_TYPES
    if isinstance(node, exp.Paren | exp.Min | exp.Max | exp.Coalesce | exp.Greatest | exp.Least):
        return _is_date(node.this)
    return False


def _interval(node: exp.Expr) -> str | None:
    if not isinstance(node, exp.Interval):
        return None
    if not isinstance(node.this, exp.Literal):
        return "interval of a column differs; write cast(day + n as date)"
    if isinstance(node.parent, exp.WindowSpec):
        return "a frame in days differs; join the rows of the period"
    outer = node.parent
    while isinstance(outer, exp.Paren | exp.Add | exp.Sub):
        outer = outer.parent
    if isinstance(outer, exp.Cast) and outer.to.this in DATE_TYPES:
        return None
    return "day + interval is a timestamp on one engine; write cast(day + interval 90 day as date)"


def _extraction(node: exp.Expr) -> str | None:
    if isinstance(node, exp.Extract) and node.name.upper() not in CALENDAR_PARTS:
        return f"extract({node.name.lower()} …) differs; join reference.calendar"
    return None


def _truncation(node: exp.Expr) -> str | None:
    if isinstance(node, exp.TimestampTrunc | exp.DateTrunc) and not isinstance(node.parent, exp.Cast):
        return "date_trunc() gives a date or a timestamp; write cast(date_trunc('month', day) as date)"
    return None


def _as_double(node: exp.Expr) -> str | None:
    names = {
        exp.Median: "median(cast(x as double))",
        exp.PercentileCont: "quantile_cont(cast(x as double), q)",
    }
    names |= {exp.Avg: "avg(cast(x as double))"}
    kind: type[exp.Expr] = type(node)
    if kind in names and not _is_double(node.this) and not isinstance(node.parent, exp.WithinGroup):
        return f"the result has another type on each engine; write {names[kind]}"
    return None


def _is_double(node: exp.Expr) -> bool:
    return any(
        isinstance(cast.to.this, exp.DType) and cast.to.this == exp.DType.DOUBLE for cast in _casts(node)
    )


def _casts(node: exp.Expr) -> Iterator[exp.Cast]:
    return node.find_all(exp.Cast)


def _whole_number(node: exp.Expr) -> str | None:
    if not isinstance(node, exp.Cast) or node.to.this not in WHOLE_TYPES or _is_whole(node.this):
        return None
    return "cast to a whole number rounds or truncates; write cast(round(x) as bigint)"


def _is_whole(node: exp.Expr) -> bool:
    if isinstance(node, exp.Column):
        return node.name.startswith(("is_", "has_"))
    if isinstance(node, exp.Binary) and not isinstance(node, exp.Predicate | exp.Div | exp.Connector):
        return _is_whole(node.this) and _is_whole(node.expression)
    if isinstance(node, exp.Case):
        return all(_is_whole(branch) for branch in [*(case.args["true"] for case in node.args["ifs"])])
    if isinstance(
        node, exp.Paren | exp.Coalesce | exp.Sum | exp.Max | exp.Min | exp.Nullif | exp.Window | exp.Neg
    ):
        return _is_whole(node.this)
    return isinstance(node, WHOLE_VALUES)


def _division(node: exp.Expr) -> str | None:
    if not isinstance(node, exp.Div | exp.IntDiv | exp.Mod):
        return None
    divisor = node.expression.unnest()
    if not isinstance(divisor, exp.Literal | exp.Nullif):
        return "dividing by zero fails on one engine; write a / nullif(b, 0)"
    if isinstance(node, exp.Div) and not (_is_double(node.this) or _is_double(divisor)):
        return "decimal / decimal is a double on one engine; write cast(a as double) / nullif(b, 0)"
    return None


def _join(node: exp.Expr) -> str | None:
    if not isinstance(node, exp.Join):
        return None
    if node.method == "ASOF":
        return "asof join is DuckDB's; write a window function"
    if node.args.get("using"):
        return "join … using hides whose column it is; write on"
    return None


def _shape(node: exp.Expr) -> str | None:
    if isinstance(node, exp.Star) and any(node.args.get(part) for part in ("replace", "except_", "rename")):
        return "* replace and * exclude are DuckDB's; name the columns"
    if isinstance(node, exp.SetOperation) and node.args.get("by_name"):
        return "union by name is DuckDB's; name the columns in the same order"
    if isinstance(node, exp.With) and node.args.get("recursive"):
        return "recursive CTEs are not everywhere; join reference.calendar or unnest(range(…))"
    if isinstance(node, exp.Group) and node.args.get("all"):
        return "group by all is not everywhere; name the columns"
    if isinstance(node, exp.In) and isinstance(node.this, exp.Tuple):
        return "(a, b) in (…) is not everywhere; write exists"
    return None


def _replacement(node: exp.Expr) -> str | None:
    if isinstance(node, exp.RegexpReplace) and "g" not in node.text("modifiers"):
        return "regexp_replace() replaces one or all; write the 'g' option"
    return None


def _dates_series(node: exp.Expr) -> str | None:
    if isinstance(node, exp.GenerateSeries | exp.GenerateDateArray) and node.find(exp.Interval):
        return "a series of days differs; join reference.calendar"
    return None


def _untyped_null(node: exp.Expr) -> str | None:
    if (
        isinstance(node, exp.Alias)
        and isinstance(node.this, exp.Null)
        and isinstance(node.parent, exp.Select)
    ):
        return f"null as {node.alias} has no type; write cast(null as text) as {node.alias}"
    return None


def _first_branch(node: exp.Expr) -> str | None:
    if isinstance(node, exp.Case):
        values = [branch.args["true"] for branch in node.args["ifs"]] + [node.args.get("default")]
    elif isinstance(node, exp.If) and not isinstance(node.parent, exp.Case):
        values = [node.args["true"], node.args.get("false")]
    else:
        return None
    return _typed_by_number(values, "the case")


def _first_select(node: exp.Expr) -> str | None:
    if not isinstance(node, exp.Union) or isinstance(node.parent, exp.Union):
        return None
    columns = zip(*(arm.selects for arm in _arms(node)), strict=False)
    return next((found for column in columns if (found := _typed_by_number(column, "the union"))), None)


def _arms(node: exp.Expr) -> list[exp.Query]:
    """The selects of a union, in the order written."""
    if isinstance(node, exp.Union):
        return [*_arms(node.this), *_arms(node.expression)]
    return [node] if isinstance(node, exp.Query) else []


def _typed_by_number(values: Sequence[exp.Expr | None], what: str) -> str | None:
    """The first value types a case or a union on one engine, and `0` then cuts the cents off the others."""
    first, *others = [value.unalias() if value else None for value in values]
    if _is_number(first) and any(other and not _is_number(other) and other != exp.Null() for other in others):
        return (
            f"a number first types {what} and cuts cents off; write cast({first} as decimal(18, 2)) or bigint"
        )
    return None


def _is_number(node: exp.Expr | None) -> bool:
    return isinstance(node, exp.Neg | exp.Literal) and node.is_number


def _reused_alias(node: exp.Expr) -> str | None:
    if not isinstance(node, exp.Select):
        return None
    defined: set[str] = set()
    for selected in node.expressions:
        columns = selected.find_all(exp.Column)
        reused = {column.name for column in columns if not column.table} & defined
        if reused:
            return f"'{min(reused)}' is defined in this select; qualify the column or compute it in a CTE"
        if isinstance(selected, exp.Alias):
            defined.add(selected.alias)
    return None


def _final_messages(tree: exp.Query) -> Iterator[str]:
    selects = [tree] if isinstance(tree, exp.Select) else [*tree.find_all(exp.Select)]
    for select in selects:
        stars = [column for column in select.expressions if column.is_star and not column.find(exp.Count)]
        if stars and select.parent_select is None and not select.find_ancestor(exp.CTE):
            yield "select * in the last select; name the columns"


RULES = (
    _refused,
    _unknown_function,
    _date_difference,
    _date_subtraction,
    _interval,
    _extraction,
    _truncation,
    _as_double,
    _whole_number,
    _division,
    _join,
    _shape,
    _replacement,
    _dates_series,
    _untyped_null,
    _first_branch,
    _first_select,
    _reused_alias,
)

if __name__ == "__main__":
    sys.exit(main())
