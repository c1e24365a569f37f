-- One row per 835 transaction: one payment of one payer to one payee, with when its money arrived and was posted.
-- Money and remittance match when they are at most 3 business days apart (CAQH CORE 370). Posted is the last posting of a
-- payment that names the remittance's trace number.
-- grain: org_id, remittance_key
-- load: full
-- partition: org_id
-- checks: remit_date not null, payer_class not null

with posting as (
    select
        payment.org_id,
        payment.era_number,
        max(payment.post_date) as posted_date,
        min(payment.deposit_date) as deposit_date
    from silver.payment as payment
    where payment.era_number is not null
    group by payment.org_id, payment.era_number
)

select
    remittance.org_id,
    remittance.entity_id,
    remittance.payer_id,
    coalesce(payer.payer_class, 'other') as payer_class,
    entity.billing_type,
    remittance.remittance_key,
    remittance.trace_number,
    remittance.remit_date,
    coalesce(remittance.deposit_date, posting.deposit_date) as deposit_date,
    coalesce(cast(remittance.posted_at as date), posting.posted_date) as posted_date,
    remittance.payment_amount,
    remittance.plb_total_amount as plb_amount,
    remittance.payment_method,
    remittance.is_balanced,
    abs(deposited.business_day_number - remitted.business_day_number) <= 3 as is_deposit_matched_3d,
    date_diff(
        'day',
        coalesce(remittance.deposit_date, posting.deposit_date),
        coalesce(cast(remittance.posted_at as date), posting.posted_date)
    ) as posting_lag_days
from silver.remittance as remittance
left join posting
    on
        remittance.org_id = posting.org_id
        and remittance.trace_number = posting.era_number
left join silver.payer as payer
    on
        remittance.org_id = payer.org_id
        and remittance.payer_id = payer.payer_id
left join reference.entity as entity
    on
        remittance.org_id = entity.org_id
        and remittance.entity_id = entity.entity_id
left join reference.calendar as remitted on remittance.remit_date = remitted.date
left join reference.calendar as deposited
    on coalesce(remittance.deposit_date, posting.deposit_date) = deposited.date
