-- One row per claim sent: a 2300 loop of an 837, or a claim of a flat file, in the words both share.
-- An 837 delivered twice is one transmission. A flat file knows no payer sequence and no frequency: its claims are
-- primary originals.
-- `period_key` is what two transmissions of one obligation share: account, billing type, payer, sequence and period.
-- grain: org_id, submission_key
-- load: full
-- partition: org_id
-- checks: submission_key unique, account_key not null, payer_id not null

with sent as (
    select
        claim.org_id,
        claim.source_system_id,
        claim.source_record_id,
        claim.load_id,
        claim.record_hash,
        claim.loaded_at,
        claim.submission_key,
        claim.file_id,
        claim.transaction_no,
        claim.claim_no,
        claim.claim_id,
        claim.account_key,
        cast(null as text) as patient_key,
        claim.entity_id,
        claim.payer_id,
        claim.payer_sequence,
        claim.claim_type,
        claim.billing_type,
        claim.filing_indicator,
        claim.facility_type_code,
        claim.place_of_service,
        claim.frequency_code,
        claim.original_reference,
        claim.auth_number,
        claim.referral_number,
        claim.delay_reason_code,
        claim.total_charge_amount,
        claim.patient_paid_amount,
        claim.prior_payer_paid_amount,
        claim.statement_from,
        claim.statement_to,
        claim.drg_code,
        claim.attending_provider_id,
        claim.rendering_provider_id,
        claim.subscriber_id,
        claim.billing_npi,
        claim.batch_reference,
        claim.interchange_control,
        claim.control_number,
        claim.clearinghouse_trace,
        claim.submitted_at,
        claim.created_date,
        claim.medium
    from silver.edi_claim as claim

    union all

    select
        flat.org_id,
        flat.source_system_id,
        min(flat.source_record_id) as source_record_id,
        max(flat.load_id) as load_id,
        min(flat.record_hash) as record_hash,
        max(flat.loaded_at) as loaded_at,
        sha256(concat_ws('|', flat.org_id, flat.source_system_id, 'flat', flat.claim_id)) as submission_key,
        min(flat.file_id) as file_id,
        cast(null as bigint) as transaction_no,
        cast(null as bigint) as claim_no,
        flat.claim_id,
        min(flat.account_key) as account_key,
        min(flat.patient_key) as patient_key,
        min(flat.entity_id) as entity_id,
        min(flat.payer_id) as payer_id,
        'P' as payer_sequence,
        case when min(flat.billing_type) = 'HB' then 'institutional' else 'professional' end as claim_type,
        min(flat.billing_type) as billing_type,
        cast(null as text) as filing_indicator,
        cast(null as text) as facility_type_code,
        cast(null as text) as place_of_service,
        '1' as frequency_code,
        cast(null as text) as original_reference,
        cast(null as text) as auth_number,
        cast(null as text) as referral_number,
        cast(null as text) as delay_reason_code,
        cast(coalesce(max(flat.stated_charge_amount), sum(flat.charge_amount)) as decimal(18, 2)) as total_charge_amount,
        cast(null as decimal(18, 2)) as patient_paid_amount,
        cast(null as decimal(18, 2)) as prior_payer_paid_amount,
        min(flat.service_date) as statement_from,
        max(flat.service_date) as statement_to,
        cast(null as text) as drg_code,
        cast(null as text) as attending_provider_id,
        min(flat.provider_id) as rendering_provider_id,
        cast(null as text) as subscriber_id,
        cast(null as text) as billing_npi,
        cast(null as text) as batch_reference,
        cast(null as text) as interchange_control,
        cast(null as text) as control_number,
        cast(null as text) as clearinghouse_trace,
        coalesce(cast(min(flat.claim_date) as timestamp), min(flat.modified_at), min(flat.loaded_at)) as submitted_at,
        min(flat.claim_date) as created_date,
        cast(null as text) as medium
    from silver.flat_claim as flat
    group by
        flat.org_id,
        flat.source_system_id,
        flat.claim_id
),

delivered as (
    select
        sent.*,
        row_number() over (
            partition by sent.org_id, sent.submission_key order by sent.loaded_at, sent.file_id, sent.transaction_no
        ) as delivery
    from sent
)

select
    delivered.org_id,
    delivered.source_system_id,
    delivered.source_record_id,
    delivered.load_id,
    delivered.record_hash,
    delivered.loaded_at,
    delivered.submission_key,
    delivered.file_id,
    delivered.transaction_no,
    delivered.claim_no,
    delivered.claim_id,
    delivered.account_key,
    delivered.patient_key,
    delivered.entity_id,
    delivered.payer_id,
    delivered.payer_sequence,
    delivered.claim_type,
    delivered.billing_type,
    delivered.filing_indicator,
    delivered.facility_type_code,
    delivered.place_of_service,
    delivered.frequency_code,
    delivered.original_reference,
    delivered.auth_number,
    delivered.referral_number,
    delivered.delay_reason_code,
    delivered.total_charge_amount,
    delivered.patient_paid_amount,
    delivered.prior_payer_paid_amount,
    delivered.statement_from,
    delivered.statement_to,
    delivered.drg_code,
    delivered.attending_provider_id,
    delivered.rendering_provider_id,
    delivered.subscriber_id,
    delivered.billing_npi,
    delivered.batch_reference,
    delivered.interchange_control,
    delivered.control_number,
    delivered.clearinghouse_trace,
    delivered.submitted_at,
    delivered.created_date,
    delivered.medium,
    sha256(concat_ws(
        '|', delivered.org_id, delivered.account_key, delivered.billing_type, delivered.payer_id,
        delivered.payer_sequence, coalesce(cast(delivered.statement_from as text), ''),
        coalesce(cast(delivered.statement_to as text), ''), '1'
    )) as period_key,
    delivered.frequency_code in ('7', '8') as is_replacement
from delivered
where delivered.delivery = 1
