-- One row per claim with the dimensions every claim fact carries.
-- Entity, payer and billing type are the claim's own; place, department and provider come from its account, because the
-- claim names providers by NPI only. A payer outside the crosswalk has class 'other'; the claim is kept.
-- Cents serve exact proportions: whole numbers up to 20 million dollars, beyond which nothing is expected of an amount.
-- grain: org_id, claim_key
-- load: full
-- partition: org_id
-- checks: payer_class not null

select
    claim.org_id,
    claim.claim_key,
    claim.account_key,
    claim.entity_id,
    account.facility_id,
    account.department_id,
    coalesce(
        account.provider_id,
        case when claim.billing_type = 'HB' then claim.attending_provider_id else claim.rendering_provider_id end
    ) as provider_id,
    claim.payer_id,
    coalesce(claim.payer_class, 'other') as payer_class,
    claim.billing_type,
    coalesce(account.patient_key, claim.patient_key) as patient_key,
    account.encounter_class,
    claim.payer_sequence,
    claim.first_submission_date,
    claim.total_charge_amount,
    claim.expected_allowed_amount,
    case
        when claim.total_charge_amount between 0.01 and 20000000
            then cast(round(claim.total_charge_amount * 100) as bigint)
    end as charge_cents,
    case
        when claim.expected_allowed_amount between 0 and 20000000
            then cast(round(claim.expected_allowed_amount * 100) as bigint)
    end as expected_cents
from silver.claim as claim
left join gold.account as account
    on
        claim.org_id = account.org_id
        and claim.account_key = account.account_key
