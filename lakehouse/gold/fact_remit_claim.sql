-- One row per payment of a claim in an 835 (one CLP loop): what the payer decided, paid and denied.
-- Only CLP02 1, 2, 3, 4, 19, 20 and 21 adjudicate: a reversal (22) takes back, 23 and 25 decide nothing. Zero pay is a
-- charge adjudicated at nothing, whatever the cause; it is a denial only with a denied amount beside it. Denied is the
-- sum of the denial adjustments (CAS), after remarks; any CARC 18 marks a duplicate denial. Patient responsibility is the
-- sum of the PR adjustments: payers omit or miscount CLP05. A takeback is what a reversal takes from the provider.
-- A payment matched to no claim is kept under its payee's entity and its payer.
-- grain: org_id, claim_payment_key
-- load: full
-- partition: org_id
-- checks: remit_date not null, payer_class not null

with duplicate as (
    select distinct
        adjustment.org_id,
        adjustment.claim_payment_key
    from silver.claim_adjustment as adjustment
    where adjustment.carc = '18'
)

select
    payment.org_id,
    coalesce(claim.entity_id, payment.entity_id) as entity_id,
    claim.facility_id,
    claim.department_id,
    claim.provider_id,
    coalesce(claim.payer_id, payment.payer_id) as payer_id,
    coalesce(claim.payer_class, payer.payer_class, 'other') as payer_class,
    coalesce(claim.billing_type, entity.billing_type) as billing_type,
    payment.claim_payment_key,
    payment.remittance_key,
    payment.claim_key,
    adjudication.remit_date,
    coalesce(claim.payer_sequence, payment.payer_sequence) as payer_sequence,
    claim.encounter_class,
    payment.clp_status_code,
    payment.is_reversal,
    coalesce(payment.is_correction, false) as is_correction,
    adjudication.is_adjudication,
    adjudication.is_first_adjudication as is_first_remit,
    duplicate.claim_payment_key is not null as is_duplicate_denial,
    adjudication.is_adjudication and payment.charge_amount > 0 and payment.paid_amount = 0 as is_zero_pay,
    cause.claim_payment_key is not null as is_denied,
    cause.claim_payment_key is not null and payment.charge_amount > 0 and payment.paid_amount = 0
        as is_zero_pay_denied,
    cause.claim_payment_key is not null and payment.paid_amount > 0 as is_partial_denied,
    cause.denial_category,
    payment.charge_amount,
    payment.allowed_amount,
    payment.paid_amount,
    adjudication.pr_amount as patient_resp_amount,
    cast(coalesce(cause.denied_amount, 0) as decimal(18, 2)) as denied_charge_amount,
    cast(case when payment.is_reversal then greatest(-payment.paid_amount, 0) else 0 end as decimal(18, 2))
        as takeback_amount,
    payment.claim_key is not null as is_matched,
    payment.match_method,
    payment.is_autoposted,
    payment.is_balanced
from silver.claim_payment as payment
inner join gold.adjudication as adjudication
    on
        payment.org_id = adjudication.org_id
        and payment.claim_payment_key = adjudication.claim_payment_key
left join gold.claim as claim
    on
        payment.org_id = claim.org_id
        and payment.claim_key = claim.claim_key
left join gold.denial_cause as cause
    on
        payment.org_id = cause.org_id
        and payment.claim_payment_key = cause.claim_payment_key
left join duplicate
    on
        payment.org_id = duplicate.org_id
        and payment.claim_payment_key = duplicate.claim_payment_key
left join silver.payer as payer
    on
        payment.org_id = payer.org_id
        and payment.payer_id = payer.payer_id
left join reference.entity as entity
    on
        payment.org_id = entity.org_id
        and payment.entity_id = entity.entity_id
