-- One row per posting on an account: charge, payment or adjustment, signed by what it does to the balance.
-- Charges raise the balance; payments and adjustments lower it, and their reversals and refunds, negative rows of the same
-- tables, raise it again. A transfer only moves responsibility. Cash that has no account yet is not here: it is unapplied.
-- grain: org_id, entry_type, entry_key
-- load: full
-- partition: org_id
-- checks: account_key not null, balance_amount not null

select
    item.org_id,
    'charge' as entry_type,
    item.charge_key as entry_key,
    item.account_key,
    item.post_date,
    item.charge_amount as balance_amount,
    cast(0 as decimal(18, 2)) as patient_paid_amount
from silver.encounter_item as item
where item.account_key is not null

union all

select
    payment.org_id,
    'payment' as entry_type,
    payment.payment_key as entry_key,
    payment.account_key,
    payment.post_date,
    cast(-payment.amount as decimal(18, 2)) as balance_amount,
    cast(case when payment.payment_source = 'patient' then payment.amount else 0 end as decimal(18, 2))
        as patient_paid_amount
from silver.payment as payment
where payment.account_key is not null

union all

select
    adjustment.org_id,
    'adjustment' as entry_type,
    adjustment.adjustment_key as entry_key,
    adjustment.account_key,
    adjustment.post_date,
    cast(-adjustment.amount as decimal(18, 2)) as balance_amount,
    cast(0 as decimal(18, 2)) as patient_paid_amount
from silver.adjustment as adjustment
where adjustment.account_key is not null and coalesce(adjustment.adjustment_type <> 'transfer', true)
