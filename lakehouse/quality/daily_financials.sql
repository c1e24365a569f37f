-- One row per month that breaks a rule. Net revenue of the days of a closed month is the general ledger's, entity by entity.
-- Cash by its deposit day, refunds aside, is what the bank took in, within half a percent, where a tenant delivers bank
-- lines.
-- of: gold.daily_financials
-- rule: FIN-01 fail: net revenue of a closed month differs from the ledger
-- rule: FIN-02 warn: cash and deposits differ
-- rule: FIN-03 warn: negative monthly charges
-- grain: org_id, rule_id, record_key
-- load: full

with month as (
    select
        day.org_id,
        day.entity_id,
        calendar.month_end as period_month,
        sum(day.net_patient_service_revenue) as revenue_amount,
        sum(day.total_charges) as charge_amount
    from gold.daily_financials as day
    inner join reference.calendar as calendar on day.date = calendar.date
    group by day.org_id, day.entity_id, calendar.month_end
),

ledger as (
    select
        entry.org_id,
        entry.entity_id,
        entry.period_month,
        sum(entry.amount) as revenue_amount
    from silver.gl_month as entry
    where entry.measure = 'npsr' and entry.is_closed
    group by entry.org_id, entry.entity_id, entry.period_month
),

taken as (
    select
        deposit.org_id,
        calendar.month_end as period_month,
        sum(deposit.amount) as amount
    from silver.bank_deposit as deposit
    inner join reference.calendar as calendar on deposit.deposit_date = calendar.date
    group by deposit.org_id, calendar.month_end
),

posted as (
    select
        payment.org_id,
        calendar.month_end as period_month,
        sum(payment.amount) as amount
    from gold.fact_payment as payment
    inner join reference.calendar as calendar on coalesce(payment.deposit_date, payment.post_date) = calendar.date
    where not payment.is_refund
    group by payment.org_id, calendar.month_end
)

select
    ledger.org_id,
    cast(null as text) as source_system_id,
    'FIN-01' as rule_id,
    sha256(concat_ws('|', ledger.org_id, ledger.entity_id, cast(ledger.period_month as text))) as record_key,
    cast(null as text) as source_record_id
from ledger
left join month
    on
        ledger.org_id = month.org_id
        and ledger.entity_id = month.entity_id
        and ledger.period_month = month.period_month
where ledger.revenue_amount <> coalesce(month.revenue_amount, 0)

union all

select
    taken.org_id,
    cast(null as text) as source_system_id,
    'FIN-02' as rule_id,
    sha256(concat_ws('|', taken.org_id, cast(taken.period_month as text))) as record_key,
    cast(null as text) as source_record_id
from taken
left join posted
    on
        taken.org_id = posted.org_id
        and taken.period_month = posted.period_month
where abs(taken.amount - coalesce(posted.amount, 0)) * 200 > abs(taken.amount)

union all

select
    month.org_id,
    cast(null as text) as source_system_id,
    'FIN-03' as rule_id,
    sha256(concat_ws('|', month.org_id, month.entity_id, cast(month.period_month as text))) as record_key,
    cast(null as text) as source_record_id
from month
where month.charge_amount < 0
