-- One row per claim with the dimensions every claim fact carries.
-- Entity, payer and billing type are the claim's own; place, department and provider come from its account, because the
-- claim names providers by NPI only. A payer outside the crosswalk has class 'other'; the claim is kept.
-- Patient and provider are those of the first day of the claim's statement period, else of the account's encounter;
-- provider_source_id is the source in whose words the provider is named.
-- Cents serve exact proportions: whole numbers up to 20 million dollars, beyond which nothing is expected of an amount.
-- grain: org_id, claim_key
-- load: full
-- partition: org_id
-- checks: payer_class not null

with placed as (
    select
        claim.*,
        account.facility_id,
        account.department_id,
        account.encounter_class,
        coalesce(
            account.provider_id,
            case when claim.billing_type = 'HB' then claim.attending_provider_id else claim.rendering_provider_id end
        ) as provider_id,
        case when account.provider_id is not null then account.source_system_id else claim.source_system_id end
            as provider_source_id,
        coalesce(account.patient_key, claim.patient_key) as account_patient_key,
        coalesce(claim.statement_from, account.visit_date, date '9999-12-30') as period_date
    from silver.claim as claim
    left join gold.account as account
        on
            claim.org_id = account.org_id
            and claim.account_key = account.account_key
)

select
    claim.org_id,
    claim.claim_key,
    claim.account_key,
    claim.entity_id,
    claim.facility_id,
    coalesce(claim.department_id, provider.department_id) as department_id,
    claim.provider_id,
    claim.payer_id,
    coalesce(claim.payer_class, 'other') as payer_class,
    claim.billing_type,
    claim.account_patient_key as patient_key,
    claim.encounter_class,
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
    end as expected_cents,
    claim.provider_source_id,
    patient.patient_version_key,
    provider.provider_version_key
from placed as claim
left join silver.patient_period as patient
    on
        claim.org_id = patient.org_id
        and claim.account_patient_key = patient.patient_key
        and claim.period_date >= patient.from_date
        and claim.period_date < patient.to_date
left join silver.provider_period as provider
    on
        claim.org_id = provider.org_id
        and claim.provider_source_id = provider.source_system_id
        and claim.provider_id = provider.provider_id
        and claim.period_date >= provider.from_date
        and claim.period_date < provider.to_date
