-- One row per remittance whose posted cash is neither what its claims paid nor what arrived, once any of it was posted.
-- of: silver.payment
-- rule: PAY-02 warn: posted cash differs from the remittance
-- grain: org_id, rule_id, record_key
-- load: full

with posted as (
    select
        payment.org_id,
        payment.era_number,
        sum(payment.amount) as amount
    from silver.payment as payment
    where payment.payment_source = 'payer' and payment.era_number is not null
    group by payment.org_id, payment.era_number
),

notice as (
    select
        remittance.org_id,
        remittance.trace_number,
        min(remittance.remittance_key) as remittance_key,
        min(remittance.source_system_id) as source_system_id,
        min(remittance.source_record_id) as source_record_id,
        sum(remittance.payment_amount) as payment_amount,
        sum(remittance.clp_total_amount) as claim_amount
    from silver.remittance as remittance
    group by remittance.org_id, remittance.trace_number
)

select
    notice.org_id,
    notice.source_system_id,
    'PAY-02' as rule_id,
    notice.remittance_key as record_key,
    notice.source_record_id
from notice
inner join posted
    on
        notice.org_id = posted.org_id
        and notice.trace_number = posted.era_number
where
    abs(posted.amount - notice.payment_amount) > 0.01
    and abs(posted.amount - notice.claim_amount) > 0.01
