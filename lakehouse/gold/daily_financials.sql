-- One row per day, entity, billing type and payer class: the day's money and, on snapshot days, what stood at its end.
-- Flows are 0 on a day without any. Stocks are read on one day and never summed over days: they stand on snapshot days
-- (0 when there was nothing) and are null on all others; net A/R is null before the general ledger's first month end.
-- Relative value units have no source yet: null.
-- grain: org_id, entity_id, billing_type, payer_class, date
-- load: full
-- partition: org_id
-- checks: date not null, total_charges not null

with entry as (
    select
        org_id,
        entity_id,
        billing_type,
        payer_class,
        date,
        measure,
        amount
    from gold.daily_flow

    union all

    select
        org_id,
        entity_id,
        billing_type,
        payer_class,
        date,
        measure,
        amount
    from gold.daily_revenue

    union all

    select
        org_id,
        entity_id,
        billing_type,
        payer_class,
        date,
        measure,
        amount
    from gold.daily_stock
),

day as (
    select
        entry.org_id,
        entry.entity_id,
        entry.billing_type,
        entry.payer_class,
        entry.date,
        sum(case when entry.measure = 'total_charges' then entry.amount end) as total_charges,
        sum(case when entry.measure = 'inpatient_charges' then entry.amount end) as inpatient_charges,
        sum(case when entry.measure = 'contractual_adjustments' then entry.amount end) as contractual_adjustments,
        sum(case when entry.measure = 'net_patient_service_revenue' then entry.amount end) as net_patient_service_revenue,
        sum(case when entry.measure = 'total_collections' then entry.amount end) as total_collections,
        sum(case when entry.measure = 'payer_cash' then entry.amount end) as payer_cash,
        sum(case when entry.measure = 'patient_cash' then entry.amount end) as patient_cash,
        sum(case when entry.measure = 'pos_cash' then entry.amount end) as pos_cash,
        sum(case when entry.measure = 'refunds' then entry.amount end) as refunds,
        sum(case when entry.measure = 'cash_target' then entry.amount end) as cash_target,
        sum(case when entry.measure = 'denial_writeoffs' then entry.amount end) as denial_writeoffs,
        sum(case when entry.measure = 'denial_writeoff_recoveries' then entry.amount end) as denial_writeoff_recoveries,
        sum(case when entry.measure = 'bad_debt' then entry.amount end) as bad_debt,
        sum(case when entry.measure = 'charity' then entry.amount end) as charity_care,
        sum(case when entry.measure = 'uninsured_discount' then entry.amount end) as uninsured_discount,
        sum(case when entry.measure = 'total_ar' then entry.amount end) as total_ar,
        sum(case when entry.measure = 'net_ar' then entry.amount end) as net_ar,
        sum(case when entry.measure = 'credit_balance' then entry.amount end) as credit_balance,
        sum(case when entry.measure = 'unapplied_cash' then entry.amount end) as unapplied_cash,
        sum(case when entry.measure = 'dnfb_amount' then entry.amount end) as dnfb_amount,
        sum(case when entry.measure = 'fbns_amount' then entry.amount end) as fbns_amount,
        sum(case when entry.measure = 'unbilled_amount' then entry.amount end) as unbilled_amount,
        sum(case when entry.measure = 'account_count' then entry.amount end) as account_count,
        sum(case when entry.measure = 'discharges' then entry.amount end) as discharges,
        sum(case when entry.measure = 'encounters' then entry.amount end) as encounters,
        sum(case when entry.measure = 'closed' then entry.amount end) as closed
    from entry
    group by entry.org_id, entry.entity_id, entry.billing_type, entry.payer_class, entry.date
)

select
    day.org_id,
    day.entity_id,
    day.billing_type,
    day.payer_class,
    day.date,
    cast(coalesce(day.total_charges, 0) as decimal(18, 2)) as total_charges,
    cast(coalesce(day.inpatient_charges, 0) as decimal(18, 2)) as inpatient_charges,
    cast(coalesce(day.contractual_adjustments, 0) as decimal(18, 2)) as contractual_adjustments,
    cast(coalesce(day.net_patient_service_revenue, 0) as decimal(18, 2)) as net_patient_service_revenue,
    cast(coalesce(day.total_collections, 0) as decimal(18, 2)) as total_collections,
    cast(coalesce(day.payer_cash, 0) as decimal(18, 2)) as payer_cash,
    cast(coalesce(day.patient_cash, 0) as decimal(18, 2)) as patient_cash,
    cast(coalesce(day.pos_cash, 0) as decimal(18, 2)) as pos_cash,
    cast(coalesce(day.refunds, 0) as decimal(18, 2)) as refunds,
    cast(coalesce(day.cash_target, 0) as decimal(18, 2)) as cash_target,
    cast(coalesce(day.denial_writeoffs, 0) as decimal(18, 2)) as denial_writeoffs,
    cast(coalesce(day.denial_writeoff_recoveries, 0) as decimal(18, 2)) as denial_writeoff_recoveries,
    cast(coalesce(day.bad_debt, 0) as decimal(18, 2)) as bad_debt,
    cast(coalesce(day.charity_care, 0) as decimal(18, 2)) as charity_care,
    cast(coalesce(day.uninsured_discount, 0) as decimal(18, 2)) as uninsured_discount,
    cast(case when snapshot_date.is_snapshot then coalesce(day.total_ar, 0) end as decimal(18, 2)) as total_ar,
    cast(day.net_ar as decimal(18, 2)) as net_ar,
    cast(case when snapshot_date.is_snapshot then coalesce(day.credit_balance, 0) end as decimal(18, 2)) as credit_balance,
    cast(case when snapshot_date.is_snapshot then coalesce(day.unapplied_cash, 0) end as decimal(18, 2)) as unapplied_cash,
    cast(case when snapshot_date.is_snapshot then coalesce(day.dnfb_amount, 0) end as decimal(18, 2)) as dnfb_amount,
    cast(case when snapshot_date.is_snapshot then coalesce(day.fbns_amount, 0) end as decimal(18, 2)) as fbns_amount,
    cast(case when snapshot_date.is_snapshot then coalesce(day.unbilled_amount, 0) end as decimal(18, 2)) as unbilled_amount,
    case when snapshot_date.is_snapshot then cast(round(coalesce(day.account_count, 0)) as integer) end as account_count,
    cast(round(coalesce(day.discharges, 0)) as integer) as discharges,
    cast(round(coalesce(day.encounters, 0)) as integer) as encounters,
    cast(null as decimal(14, 3)) as wrvu,
    coalesce(day.closed, 0) > 0 as is_closed
from day
left join gold.snapshot_date as snapshot_date
    on
        day.org_id = snapshot_date.org_id
        and day.date = snapshot_date.date
