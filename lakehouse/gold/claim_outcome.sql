-- One row per claim that came back in an 835: what its first and its standing adjudication decided, and all it was paid.
-- The standing adjudication is the latest that no reversal took back. Paid is the sum over every payment of the claim,
-- reversals included, so an original, its reversal and its correction net out.
-- grain: org_id, claim_key
-- load: full
-- partition: org_id
-- checks: payer_paid_amount not null

with level_of_care as (
    select distinct
        adjustment.org_id,
        adjustment.claim_payment_key
    from silver.claim_adjustment as adjustment
    inner join reference.carc as reason on adjustment.carc = reason.carc
    where adjustment.is_denial and reason.is_level_of_care
)

select
    payment.org_id,
    payment.claim_key,
    min(case when adjudication.is_adjudication then adjudication.remit_date end) as first_remit_date,
    max(adjudication.remit_date) as last_remit_date,
    min(case when payment.paid_amount > 0 then adjudication.remit_date end) as first_payment_date,
    cast(sum(payment.paid_amount) as decimal(18, 2)) as payer_paid_amount,
    cast(sum(coalesce(payment.interest_amount, 0)) as decimal(18, 2)) as interest_paid_amount,
    max(case when adjudication.is_first_adjudication then payment.claim_payment_key end) as first_claim_payment_key,
    max(case when adjudication.is_first_adjudication then payment.paid_amount end) as first_paid_amount,
    max(case when adjudication.is_first_adjudication then payment.charge_amount end) as first_charge_amount,
    bool_or(adjudication.is_first_adjudication and level_of_care.claim_payment_key is not null)
        as is_status_denied,
    bool_or(coalesce(payment.is_correction, false)) as has_correction,
    bool_or(coalesce(payment.is_effective, false)) as has_standing,
    max(case when payment.is_effective then payment.claim_payment_key end) as standing_claim_payment_key,
    max(case when payment.is_effective then payment.paid_amount end) as standing_paid_amount,
    max(case when payment.is_effective then payment.allowed_amount end) as allowed_amount,
    max(case when payment.is_effective then adjudication.pr_amount end) as patient_resp_amount,
    max(case when payment.is_effective then payment.contractual_amount end) as contractual_amount,
    max(case when payment.is_effective then payment.drg_paid end) as drg_paid,
    max(case when payment.is_effective then payment.drg_weight_paid end) as drg_weight_paid,
    max(case when payment.paid_amount > 0 then adjudication.remit_date end) as last_payment_date,
    max(payment.claim_received_date) as claim_received_date
from silver.claim_payment as payment
inner join gold.adjudication as adjudication
    on
        payment.org_id = adjudication.org_id
        and payment.claim_payment_key = adjudication.claim_payment_key
left join level_of_care
    on
        payment.org_id = level_of_care.org_id
        and payment.claim_payment_key = level_of_care.claim_payment_key
where payment.claim_key is not null
group by payment.org_id, payment.claim_key
