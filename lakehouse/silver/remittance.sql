-- One row per payment notice (835): a check, an EFT or a notice without money, once however often it was delivered.
-- Amounts of the notice come from its newest delivery; claims and provider adjustments are added up over what is kept.
-- It balances when BPR02 is the sum of CLP04 less the provider adjustments, within a cent.
-- Its deposit is the earliest line of the bank with its trace and amount.
-- grain: org_id, remittance_key
-- load: full
-- partition: org_id
-- checks: remittance_key unique, warn: remit_date not null

with delivered as (
    select
        payment.*,
        row_number() over (
            partition by payment.org_id, payment.remittance_key
            order by payment.loaded_at desc, payment.file_id desc, payment.transaction_no desc
        ) as age
    from silver.remittance_transaction as payment
),

claimed as (
    select
        claim.org_id,
        claim.remittance_key,
        sum(claim.paid_amount) as amount
    from silver.remitted_claim as claim
    group by claim.org_id, claim.remittance_key
),

adjusted as (
    select
        adjustment.org_id,
        adjustment.remittance_key,
        sum(adjustment.amount) as amount
    from silver.provider_adjustment as adjustment
    group by adjustment.org_id, adjustment.remittance_key
),

deposited as (
    select
        deposit.org_id,
        deposit.trace_number,
        deposit.amount,
        deposit.deposit_id,
        deposit.deposit_date,
        row_number() over (
            partition by deposit.org_id, deposit.trace_number, deposit.amount
            order by deposit.deposit_date, deposit.deposit_id, deposit.bank_deposit_key
        ) as turn
    from silver.bank_deposit as deposit
)

select
    payment.org_id,
    payment.source_system_id,
    payment.source_record_id,
    payment.load_id,
    payment.record_hash,
    payment.loaded_at,
    payment.remittance_key,
    payment.trace_number,
    payment.payer_originator_id,
    payment.payer_id,
    payment.payee_npi,
    payment.payee_tax_id,
    payment.entity_id,
    payment.payment_amount,
    payment.credit_debit,
    payment.payment_method,
    payment.payment_date,
    payment.production_date,
    cast(coalesce(claimed.amount, 0) as decimal(18, 2)) as clp_total_amount,
    cast(coalesce(adjusted.amount, 0) as decimal(18, 2)) as plb_total_amount,
    coalesce(
        abs(payment.payment_amount - coalesce(claimed.amount, 0) + coalesce(adjusted.amount, 0)) <= 0.01, false
    ) as is_balanced,
    deposited.deposit_id,
    deposited.deposit_date,
    cast(null as timestamp) as posted_at,
    payment.remit_date,
    payment.file_id,
    payment.transaction_no
from delivered as payment
left join claimed
    on
        payment.org_id = claimed.org_id
        and payment.remittance_key = claimed.remittance_key
left join adjusted
    on
        payment.org_id = adjusted.org_id
        and payment.remittance_key = adjusted.remittance_key
left join deposited
    on
        payment.org_id = deposited.org_id
        and payment.trace_number = deposited.trace_number
        and payment.payment_amount = deposited.amount
        and deposited.turn = 1
where payment.age = 1
