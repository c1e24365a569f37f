-- One row per payment transaction: cash of payers and patients, refunds and reversals negative.
-- Cash without an account is unapplied: it counts as cash, under the class of its payer, and lowers no balance.
-- Point of service is patient cash from any time before up to 7 days after discharge, or after the last service where
-- there is no discharge (HFMA); time of service is patient cash on the day of the first service. A payer refund row that
-- is not a refund to the patient is a takeback. The day a credit was found has no source yet: null.
-- grain: org_id, payment_key
-- load: full
-- partition: org_id
-- checks: amount not null, post_date not null, payer_class not null

with payment as (
    select
        payment.*,
        coalesce(payment.payment_source = 'patient', false) as is_patient
    from silver.payment as payment
)

select
    payment.org_id,
    coalesce(account.entity_id, payment.entity_id) as entity_id,
    account.facility_id,
    account.department_id,
    account.provider_id,
    coalesce(payment.payer_id, account.payer_id) as payer_id,
    coalesce(account.payer_class, payer.payer_class, 'other') as payer_class,
    coalesce(account.billing_type, entity.billing_type) as billing_type,
    account.patient_key,
    payment.payment_key,
    payment.account_key,
    payment.claim_key,
    payment.post_date,
    payment.deposit_date,
    account.first_service_date as service_date,
    payment.amount,
    payment.payment_source,
    payment.payment_type,
    payment.is_patient
    and coalesce(
        date_diff('day', coalesce(account.discharge_date, account.last_service_date), payment.post_date) <= 7, false
    ) as is_pos,
    payment.is_patient and coalesce(payment.post_date = account.first_service_date, false) as is_time_of_service,
    payment.pos_component,
    payment.channel,
    coalesce(payment.channel in ('portal', 'text', 'ivr'), false) as is_digital,
    coalesce(payment.is_refund, false) as is_refund,
    payment.payment_source = 'payer' and payment.amount < 0 and not coalesce(payment.is_refund, false) as is_takeback,
    payment.account_key is null as is_unapplied,
    payment.payment_source = 'agency' as is_bad_debt_recovery,
    payment.claim_payment_key is not null as is_autoposted,
    cast(null as date) as credit_identified_date,
    cast(null as integer) as days_credit_to_refund,
    date_diff('day', account.last_service_date, payment.post_date) as service_to_cash_days,
    date_diff('day', payment.deposit_date, payment.post_date) as posting_lag_days
from payment
left join gold.account as account
    on
        payment.org_id = account.org_id
        and payment.account_key = account.account_key
left join reference.entity as entity
    on
        payment.org_id = entity.org_id
        and payment.entity_id = entity.entity_id
left join silver.payer as payer
    on
        payment.org_id = payer.org_id
        and payment.payer_id = payer.payer_id
