-- One row per provider-level adjustment (PLB pair) of a remittance; a positive amount reduces the payment.
-- The money is not claim money. The claim is named as far as the reference tells: it is a claim number or a payer control
-- number that stands for exactly one claim of the tenant.
-- grain: org_id, plb_key
-- load: full
-- partition: org_id
-- checks: plb_key unique, warn: amount not null

with delivered as (
    select
        adjustment.*,
        payment.remittance_key,
        row_number() over (
            partition by
                adjustment.org_id, payment.remittance_key, adjustment.plb_ordinal, adjustment.reason_code,
                adjustment.reference_id
            order by payment.loaded_at desc, adjustment.file_id desc, adjustment.transaction_no desc
        ) as age
    from bronze.era_835_provider_adjustment as adjustment
    inner join silver.remittance_transaction as payment
        on
            adjustment.org_id = payment.org_id
            and adjustment.file_id = payment.file_id
            and adjustment.transaction_no = payment.transaction_no
),

mentioned as (
    select
        claim.org_id,
        claim.claim_id as reference_id,
        claim.claim_key
    from silver.claim_payment_match as claim
    where claim.claim_key is not null and claim.claim_id is not null

    union all

    select
        claim.org_id,
        claim.payer_claim_control_number as reference_id,
        claim.claim_key
    from silver.claim_payment_match as claim
    where claim.claim_key is not null and claim.payer_claim_control_number is not null
),

named as (
    select
        mentioned.org_id,
        mentioned.reference_id,
        min(mentioned.claim_key) as claim_key
    from mentioned
    group by mentioned.org_id, mentioned.reference_id
    having count(distinct mentioned.claim_key) = 1
)

select
    adjustment.org_id,
    adjustment.source_system_id,
    concat(adjustment.file_id, '@', cast(adjustment.byte_offset as text), '+', cast(adjustment.byte_length as text))
        as source_record_id,
    adjustment.load_id,
    adjustment.record_hash,
    adjustment.ingested_at as loaded_at,
    sha256(concat_ws(
        '|', adjustment.remittance_key, coalesce(cast(adjustment.plb_ordinal as text), ''),
        coalesce(adjustment.reason_code, ''), coalesce(adjustment.reference_id, '')
    )) as plb_key,
    adjustment.remittance_key,
    adjustment.provider_id as provider_npi,
    adjustment.fiscal_period_date,
    adjustment.reason_code,
    adjustment.reference_id,
    adjustment.amount,
    named.claim_key
from delivered as adjustment
left join named
    on
        adjustment.org_id = named.org_id
        and adjustment.reference_id = named.reference_id
where adjustment.age = 1
