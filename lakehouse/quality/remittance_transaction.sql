-- One row per 835 transaction that breaks a rule. A trace that comes again with another amount is held whole, with its
-- claims and provider adjustments: the first one stands. The same again is counted once.
-- of: silver.remittance_transaction
-- key: sha256(concat_ws('|', org_id, file_id, cast(transaction_no as text)))
-- rule: ERA-02 quarantine: trace number reused with a different amount
-- rule: ERA-03 warn: remittance delivered again, ignored
-- rule: REF-03 warn: payer of a remittance is not in the crosswalk
-- grain: org_id, rule_id, record_key
-- load: full

with delivered as (
    select
        payment.*,
        sha256(concat_ws('|', payment.org_id, payment.file_id, cast(payment.transaction_no as text))) as record_key,
        first_value(payment.payment_amount) over (
            partition by payment.org_id, payment.remittance_key
            order by payment.loaded_at, payment.file_id, payment.transaction_no
        ) as first_amount,
        row_number() over (
            partition by payment.org_id, payment.remittance_key
            order by payment.loaded_at, payment.file_id, payment.transaction_no
        ) as delivery
    from silver.remittance_transaction as payment
    where payment.trace_number is not null
)

select
    delivered.org_id,
    delivered.source_system_id,
    'ERA-02' as rule_id,
    delivered.record_key,
    delivered.source_record_id
from delivered
where delivered.payment_amount <> delivered.first_amount

union all

select
    delivered.org_id,
    delivered.source_system_id,
    'ERA-03' as rule_id,
    delivered.record_key,
    delivered.source_record_id
from delivered
where delivered.delivery > 1 and delivered.payment_amount = delivered.first_amount

union all

select
    payment.org_id,
    payment.source_system_id,
    'REF-03' as rule_id,
    sha256(concat_ws('|', payment.org_id, payment.file_id, cast(payment.transaction_no as text))) as record_key,
    payment.source_record_id
from silver.remittance_transaction as payment
where payment.payer_id = 'unmapped'
