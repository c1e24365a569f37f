-- One row per claim (2300 loop) of an 837, with its entity, payer and statement period resolved.
-- Institutional claims (837I) bill as HB, professional and dental as PB. Professional claims carry no statement period:
-- theirs runs from the first to the last service date. The entity is found by billing NPI, else tax id; an unknown one is
-- named by its NPI, else its source. The payer is found by 2010BB NM109, else by name, else it is 'unmapped'.
-- An 837 delivered twice gives rows with the same submission key.
-- grain: org_id, file_id, transaction_no, claim_no
-- load: full
-- partition: org_id
-- checks: submission_key not null, entity_id not null, payer_id not null, warn: payer_id <> 'unmapped'

with line as (
    select
        line.org_id,
        line.file_id,
        line.transaction_no,
        line.claim_no,
        min(line.service_from) as service_from,
        max(coalesce(line.service_to, line.service_from)) as service_to,
        min(line.place_of_service) as place_of_service
    from bronze.claims_837_line as line
    group by line.org_id, line.file_id, line.transaction_no, line.claim_no
)

select
    claim.org_id,
    claim.source_system_id,
    concat(claim.file_id, '@', cast(claim.byte_offset as text), '+', cast(claim.byte_length as text))
        as source_record_id,
    claim.load_id,
    claim.record_hash,
    claim.ingested_at as loaded_at,
    sha256(concat_ws(
        '|', claim.org_id, claim.source_system_id, coalesce(claim.submitter_id, ''),
        coalesce(claim.interchange_control, ''), coalesce(claim.batch_reference, ''),
        coalesce(claim.control_number, ''), coalesce(cast(claim.submitted_at as text), ''),
        cast(claim.claim_no as text), coalesce(claim.claim_id, ''), coalesce(claim.payer_sequence, ''),
        coalesce(claim.frequency_code, ''), coalesce(cast(claim.total_charge_amount as text), '')
    )) as submission_key,
    claim.file_id,
    claim.transaction_no,
    claim.claim_no,
    claim.claim_id,
    coalesce(
        npi.entity_id, tax.entity_id, claim.billing_npi, source.entity_id, claim.source_system_id
    ) as entity_id,
    sha256(concat_ws(
        '|', claim.org_id,
        coalesce(npi.entity_id, tax.entity_id, claim.billing_npi, source.entity_id, claim.source_system_id),
        coalesce(claim.claim_id, '')
    )) as account_key,
    coalesce(by_id.payer_id, by_name.payer_id, 'unmapped') as payer_id,
    coalesce(claim.payer_sequence, 'P') as payer_sequence,
    claim.claim_type,
    case when claim.claim_type = 'institutional' then 'HB' else 'PB' end as billing_type,
    claim.filing_indicator,
    claim.facility_type_code,
    line.place_of_service,
    coalesce(claim.frequency_code, '1') as frequency_code,
    claim.original_reference,
    claim.auth_number,
    claim.referral_number,
    claim.delay_reason_code,
    claim.total_charge_amount,
    claim.patient_paid_amount,
    claim.prior_payer_paid_amount,
    coalesce(claim.statement_from, line.service_from) as statement_from,
    coalesce(claim.statement_to, claim.statement_from, line.service_to) as statement_to,
    claim.drg_code,
    claim.attending_npi as attending_provider_id,
    claim.rendering_npi as rendering_provider_id,
    claim.subscriber_id,
    claim.billing_npi,
    claim.batch_reference,
    claim.interchange_control,
    claim.control_number,
    claim.clearinghouse_trace,
    coalesce(claim.submitted_at, claim.ingested_at) as submitted_at,
    cast(coalesce(claim.submitted_at, claim.ingested_at) as date) as created_date,
    'edi' as medium
from bronze.claims_837 as claim
left join line
    on
        claim.org_id = line.org_id
        and claim.file_id = line.file_id
        and claim.transaction_no = line.transaction_no
        and claim.claim_no = line.claim_no
left join reference.source as source
    on claim.org_id = source.org_id and claim.source_system_id = source.source_system_id
left join silver.entity_identifier as npi
    on claim.org_id = npi.org_id and claim.billing_npi = npi.identifier
left join silver.entity_identifier as tax
    on claim.org_id = tax.org_id and claim.billing_tax_id = tax.identifier
left join reference.payer_identifier as by_id
    on claim.org_id = by_id.org_id and upper(trim(claim.payer_id)) = by_id.identifier_upper
left join reference.payer_identifier as by_name
    on claim.org_id = by_name.org_id and upper(trim(claim.payer_name)) = by_name.identifier_upper
