-- One row per payment or refund posted to an account, or unapplied (no account); refunds and reversals are negative.
-- A payer payment is tied to the claim payment of its trace, account and amount when there is exactly one; its claim is
-- that of the claim payment, else the only claim of the account in the payment's sequence.
-- grain: org_id, payment_key
-- load: full
-- partition: org_id
-- checks: payment_key unique, warn: amount not null, warn: post_date not null

with remitted as (
    select
        claim.org_id,
        claim.account_key,
        remittance.trace_number,
        claim.paid_amount,
        min(claim.claim_payment_key) as claim_payment_key,
        min(claim.claim_key) as claim_key
    from silver.claim_payment as claim
    inner join silver.remittance as remittance
        on
            claim.org_id = remittance.org_id
            and claim.remittance_key = remittance.remittance_key
    where remittance.trace_number is not null
    group by claim.org_id, claim.account_key, remittance.trace_number, claim.paid_amount
    having count(*) = 1
),

of_account as (
    select
        claim.org_id,
        claim.account_key,
        claim.payer_sequence,
        min(claim.claim_key) as claim_key
    from silver.claim as claim
    group by claim.org_id, claim.account_key, claim.payer_sequence
    having count(*) = 1
)

select
    payment.org_id,
    payment.source_system_id,
    payment.source_record_id,
    payment.load_id,
    payment.record_hash,
    payment.loaded_at,
    payment.transaction_key as payment_key,
    payment.transaction_id as payment_id,
    payment.account_key,
    coalesce(remitted.claim_key, of_account.claim_key) as claim_key,
    remitted.claim_payment_key,
    payment.payment_source,
    payment.payment_type,
    payment.post_date,
    payment.deposit_date,
    payment.amount,
    payment.method,
    payment.channel,
    cast(null as text) as pos_component,
    cast(null as timestamp) as collected_at,
    payment.trace_number as era_number,
    payment.trace_number as check_number,
    payment.transaction_type = 'refund' as is_refund,
    payment.entity_id,
    payment.payer_id,
    payment.encounter_id,
    payment.transaction_type
from silver.ledger_transaction as payment
left join remitted
    on
        payment.org_id = remitted.org_id
        and payment.account_key = remitted.account_key
        and payment.trace_number = remitted.trace_number
        and payment.amount = remitted.paid_amount
        and payment.payment_source = 'payer'
left join of_account
    on
        payment.org_id = of_account.org_id
        and payment.account_key = of_account.account_key
        and payment.payer_sequence = of_account.payer_sequence
        and payment.payment_source = 'payer'
where payment.transaction_type in ('payment', 'refund')
