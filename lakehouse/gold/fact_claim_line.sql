-- One row per service line of a claim's latest version, with the first decision on it and the standing payment.
-- Lines no remittance names (inpatient claims paid as a whole) have no first remittance date: nothing was said of them.
-- A line is repriced when a contract term gives its expected allowed amount. Relative value units, the Medicare allowance
-- and underpayment have no source yet: null.
-- Patient and provider are those of the day of service.
-- grain: org_id, line_key
-- load: full
-- partition: org_id
-- checks: payer_class not null, is_denied_first not null

select
    line.org_id,
    claim.entity_id,
    claim.facility_id,
    claim.department_id,
    claim.provider_id,
    claim.payer_id,
    claim.payer_class,
    claim.billing_type,
    claim.patient_key,
    line.line_key,
    line.claim_key,
    line.service_from as service_date,
    claim.first_submission_date,
    adjudication.first_remit_date,
    line.procedure_code,
    adjudication.paid_procedure_code,
    coalesce(array_length(line.modifiers), 0) > 0 as has_modifier,
    submitted_code.procedure_code is not null as is_em,
    submitted_code.em_level,
    coalesce(submitted_code.is_established_visit, false) as is_established_visit,
    line.units,
    cast(null as decimal(10, 3)) as wrvu,
    line.charge_amount,
    line.expected_allowed_amount,
    adjudication.allowed_amount,
    adjudication.paid_amount,
    adjudication.patient_resp_amount,
    cast(null as decimal(18, 2)) as medicare_allowed_amount,
    coalesce(adjudication.is_denied_first, false) as is_denied_first,
    adjudication.first_denial_category,
    adjudication.first_denial_carc,
    coalesce(adjudication.first_denied_charge_amount, 0) as first_denied_charge_amount,
    coalesce(adjudication.first_paid_level < submitted_code.em_level, false)
    or coalesce(adjudication.is_level_unsupported, false) as is_downcoded,
    line.expected_allowed_amount is not null as is_repriced,
    cast(null as boolean) as is_underpaid,
    cast(null as decimal(18, 2)) as underpaid_amount,
    patient.patient_version_key,
    provider.provider_version_key
from silver.claim_line as line
inner join gold.claim as claim
    on
        line.org_id = claim.org_id
        and line.claim_key = claim.claim_key
left join gold.line_adjudication as adjudication
    on
        line.org_id = adjudication.org_id
        and line.line_key = adjudication.line_key
left join reference.em_code as submitted_code on line.procedure_code = submitted_code.procedure_code
left join silver.patient_period as patient
    on
        line.org_id = patient.org_id
        and claim.patient_key = patient.patient_key
        and coalesce(line.service_from, date '9999-12-30') >= patient.from_date
        and coalesce(line.service_from, date '9999-12-30') < patient.to_date
left join silver.provider_period as provider
    on
        line.org_id = provider.org_id
        and claim.provider_source_id = provider.source_system_id
        and claim.provider_id = provider.provider_id
        and coalesce(line.service_from, date '9999-12-30') >= provider.from_date
        and coalesce(line.service_from, date '9999-12-30') < provider.to_date
