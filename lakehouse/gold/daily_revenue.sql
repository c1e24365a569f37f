-- One row per day, entity, billing type, payer class and measure with the general ledger's month spread over its days.
-- Net patient service revenue and the cash budget of a month of n days are spread so that the days sum to the month to
-- the cent: day d carries the month's amount times d over n, rounded half up, less the same for the day before. Measure
-- 'closed' is 1 on the days of a closed month; open months hold an accrual.
-- grain: org_id, entity_id, billing_type, payer_class, date, measure
-- load: full
-- partition: org_id
-- checks: date not null, amount not null

with month as (
    select
        ledger.org_id,
        ledger.entity_id,
        ledger.billing_type,
        coalesce(ledger.payer_class, 'other') as payer_class,
        ledger.period_month,
        ledger.measure,
        sum(ledger.amount) as month_amount,
        cast(round(abs(sum(ledger.amount)) * 100) as bigint) as month_cents,
        bool_and(coalesce(ledger.is_closed, false)) as is_closed
    from silver.gl_month as ledger
    where ledger.measure in ('npsr', 'budget_cash')
    group by
        ledger.org_id, ledger.entity_id, ledger.billing_type, coalesce(ledger.payer_class, 'other'),
        ledger.period_month, ledger.measure
),

day as (
    select
        month.*,
        calendar.date,
        extract(day from calendar.date) as day_of_month,
        calendar.days_in_month
    from month
    inner join reference.calendar as calendar on month.period_month = calendar.month_end
)

select
    day.org_id,
    day.entity_id,
    day.billing_type,
    day.payer_class,
    day.date,
    case when day.measure = 'npsr' then 'net_patient_service_revenue' else 'cash_target' end as measure,
    cast(
        case when day.month_amount < 0 then -1 else 1 end
        * (
            (2 * day.month_cents * day.day_of_month + day.days_in_month) // nullif(2 * day.days_in_month, 0)
            - (2 * day.month_cents * (day.day_of_month - 1) + day.days_in_month) // nullif(2 * day.days_in_month, 0)
        ) * cast(0.01 as decimal(3, 2)) as decimal(18, 2)
    ) as amount
from day

union all

select
    day.org_id,
    day.entity_id,
    day.billing_type,
    day.payer_class,
    day.date,
    'closed' as measure,
    cast(1 as decimal(18, 2)) as amount
from day
where day.measure = 'npsr' and day.is_closed
