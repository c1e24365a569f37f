-- One row per claim whose first adjudication carries a denied amount, in full or in part: its initial denial.
-- The denied charge is the whole claim when that adjudication paid nothing, else the denied amount. Its expected value
-- uses the claim's expected allowed over its charge, null when the contract is unknown.
-- grain: org_id, claim_key
-- load: full
-- partition: org_id
-- checks: initial_denial_date not null, initial_denial_category not null

with denied as (
    select
        payment.org_id,
        payment.claim_key,
        payment.remit_date,
        cause.denial_category,
        cause.carc,
        cause.stage,
        cause.is_avoidable,
        payment.charge_amount > 0 and payment.paid_amount = 0 as is_zero_pay,
        payment.paid_amount > 0 as is_partial,
        cause.denied_amount,
        claim.total_charge_amount,
        claim.charge_cents,
        claim.expected_cents
    from gold.adjudication as payment
    inner join gold.denial_cause as cause
        on
            payment.org_id = cause.org_id
            and payment.claim_payment_key = cause.claim_payment_key
    inner join gold.claim as claim
        on
            payment.org_id = claim.org_id
            and payment.claim_key = claim.claim_key
    where payment.is_first_adjudication
),

charged as (
    select
        denied.*,
        case when denied.is_zero_pay then denied.total_charge_amount else denied.denied_amount end as denied_charge_amount
    from denied
),

counted as (
    select
        charged.*,
        case
            when charged.denied_charge_amount <= 20000000 then cast(round(charged.denied_charge_amount * 100) as bigint)
        end as denied_cents
    from charged
)

select
    counted.org_id,
    counted.claim_key,
    counted.remit_date as initial_denial_date,
    counted.denial_category as initial_denial_category,
    counted.carc as initial_denial_carc,
    counted.stage as initial_denial_stage,
    counted.is_avoidable as initial_denial_avoidable,
    counted.is_zero_pay,
    counted.is_partial,
    counted.denied_charge_amount as initial_denied_charge_amount,
    cast(
        (2 * counted.denied_cents * counted.expected_cents + counted.charge_cents)
        // nullif(2 * counted.charge_cents, 0) * cast(0.01 as decimal(3, 2)) as decimal(18, 2)
    ) as initial_denied_expected_amount
from counted
