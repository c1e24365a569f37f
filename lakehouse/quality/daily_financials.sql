-- One row per month that breaks a rule. Net revenue of the days of a closed month is the general ledger's, to the cent.
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
        sum(day.total_charges) as charge_amount
    from gold.daily_financials as day
    inner join reference.calendar as calendar on day.date = calendar.date
    group by day.org_id, day.entity_id, calendar.month_end
),

revenue as (
    select
        day.org_id,
        coalesce(day.entity_id, '') as entity_id,
        coalesce(day.billing_type, '') as billing_type,
        day.payer_class,
        calendar.month_end as period_month,
        sum(day.net_patient_service_revenue) as amount
    from gold.daily_financials as day
    inner join reference.calendar as calendar on day.date = calendar.date
    where day.is_closed
    group by
        day.org_id, coalesce(day.entity_id, ''), coalesce(day.billing_type, ''), day.payer_class, calendar.month_end
),

ledger as (
    select
        entry.org_id,
        coalesce(entry.entity_id, '') as entity_id,
        coalesce(entry.billing_type, '') as billing_type,
        coalesce(entry.payer_class, 'other') as payer_class,
        entry.period_month,
        sum(entry.amount) as amount
    from silver.gl_month as entry
    inner join reference.calendar as calendar on entry.period_month = calendar.date
    where entry.measure = 'npsr'
    group by
        entry.org_id, coalesce(entry.entity_id, ''), coalesce(entry.billing_type, ''),
        coalesce(entry.payer_class, 'other'), entry.period_month
    having bool_and(coalesce(entry.is_closed, false))
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
    sha256(concat_ws(
        '|', ledger.org_id, ledger.entity_id, ledger.billing_type, ledger.payer_class, cast(ledger.period_month as text)
    )) as record_key,
    cast(null as text) as source_record_id
from ledger
left join revenue
    on
        ledger.org_id = revenue.org_id
        and ledger.entity_id = revenue.entity_id
        and ledger.billing_type = revenue.billing_type
        and ledger.payer_class = revenue.payer_class
        and ledger.period_month = revenue.period_month
where ledger.amount <> coalesce(revenue.amount, 0)

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
