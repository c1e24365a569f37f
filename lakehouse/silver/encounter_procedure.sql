-- One row per procedure of an account: each code of a day once, in order.
-- It comes from the claims of the account (HI BBR and BBQ for ICD-10-PCS, BR and BQ for ICD-9, BP and BO for HCPCS; then
-- the codes of their lines) and from its EMR. Where both have one, the claim's row stands.
-- The principal procedure of a claim comes first, then the rest by day.
-- A procedure of an encounter nobody delivered has no account; one that names no encounter is not here.
-- grain: org_id, account_key, source_system_id, encounter_id, sequence
-- load: full
-- partition: org_id
-- checks: code not null, code_system not null

with claim as (
    select
        submission.*,
        row_number() over (
            partition by submission.org_id, submission.claim_key order by submission.submission_number desc
        ) as age
    from silver.claim_submission as submission
),

recorded as (
    select
        operation.*,
        row_number() over (
            partition by
                operation.org_id, operation.source_system_id, operation.encounter_id, operation.patient_id,
                operation.code, operation.performed_at
            order by operation.ingested_at desc, operation.source_row desc, operation.record_hash desc
        ) as age
    from bronze.emr_procedures as operation
    where operation.encounter_id is not null
),

listed as (
    select
        operation.org_id,
        operation.source_system_id,
        concat(operation.file_id, '@', cast(operation.byte_offset as text), '+', cast(operation.byte_length as text))
            as source_record_id,
        operation.load_id,
        operation.record_hash,
        operation.ingested_at as loaded_at,
        claim.account_key,
        cast(null as text) as encounter_id,
        operation.code,
        case
            when operation.qualifier in ('BBR', 'BBQ') then 'icd10pcs'
            when operation.qualifier in ('BR', 'BQ') then 'icd9pcs'
            else 'hcpcs'
        end as code_system,
        operation.code_date as performed_date,
        coalesce(sent.operating_npi, sent.rendering_npi, sent.attending_npi) as provider_id,
        1 as preference,
        case when operation.qualifier in ('BBR', 'BR', 'BP') then 1 else 2 end as place,
        operation.ordinal as position
    from claim
    inner join bronze.claims_837_procedure as operation
        on
            claim.org_id = operation.org_id
            and claim.file_id = operation.file_id
            and claim.transaction_no = operation.transaction_no
            and claim.claim_no = operation.claim_no
    inner join bronze.claims_837 as sent
        on
            claim.org_id = sent.org_id
            and claim.file_id = sent.file_id
            and claim.transaction_no = sent.transaction_no
            and claim.claim_no = sent.claim_no
    where claim.age = 1 and coalesce(claim.frequency_code, '1') <> '8'

    union all

    select
        line.org_id,
        line.source_system_id,
        line.source_record_id,
        line.load_id,
        line.record_hash,
        line.loaded_at,
        line.account_key,
        cast(null as text) as encounter_id,
        line.procedure_code as code,
        'hcpcs' as code_system,
        line.service_from as performed_date,
        coalesce(line.rendering_npi, sent.rendering_provider_id, sent.attending_provider_id) as provider_id,
        2 as preference,
        3 as place,
        line.line_number as position
    from silver.sent_line as line
    inner join claim
        on
            line.org_id = claim.org_id
            and line.claim_key = claim.claim_key
            and claim.age = 1
    inner join silver.claim_transmission as sent
        on
            claim.org_id = sent.org_id
            and claim.submission_key = sent.submission_key
    where line.procedure_code is not null and coalesce(claim.frequency_code, '1') <> '8'

    union all

    select
        operation.org_id,
        operation.source_system_id,
        concat(operation.file_id, '#', cast(operation.source_row as text)) as source_record_id,
        operation.load_id,
        operation.record_hash,
        operation.ingested_at as loaded_at,
        coalesce(own.account_key, entity_account.account_key) as account_key,
        operation.encounter_id,
        operation.code,
        coalesce(
            operation.code_type, case when length(replace(operation.code, '.', '')) = 7 then 'icd10pcs' else 'hcpcs' end
        ) as code_system,
        cast(operation.performed_at as date) as performed_date,
        operation.provider_id,
        3 as preference,
        4 as place,
        operation.source_row as position
    from recorded as operation
    left join reference.source as source
        on
            operation.org_id = source.org_id
            and operation.source_system_id = source.source_system_id
    left join silver.encounter_account as own
        on
            operation.org_id = own.org_id
            and own.scope_type = 'source'
            and operation.source_system_id = own.scope
            and operation.encounter_id = own.encounter_id
    left join silver.encounter_account as entity_account
        on
            operation.org_id = entity_account.org_id
            and entity_account.scope_type = 'entity'
            and source.entity_id = entity_account.scope
            and operation.encounter_id = entity_account.encounter_id
    where operation.age = 1
),

owned as (
    select
        listed.*,
        coalesce(listed.account_key, concat_ws('|', listed.source_system_id, listed.encounter_id)) as owner,
        upper(replace(listed.code, '.', '')) as bare_code
    from listed
),

ranked as (
    select
        owned.*,
        row_number() over (
            partition by owned.org_id, owned.owner, owned.code_system, owned.bare_code, owned.performed_date
            order by owned.preference, owned.place, owned.position, owned.source_record_id
        ) as twin_no
    from owned
),

numbered as (
    select
        ranked.*,
        row_number() over (
            partition by ranked.org_id, ranked.owner
            order by
                case when ranked.place = 1 then 1 else 2 end, ranked.performed_date, ranked.preference,
                ranked.position, ranked.bare_code, ranked.source_record_id
        ) as sequence
    from ranked
    where ranked.twin_no = 1
)

select
    numbered.org_id,
    numbered.source_system_id,
    numbered.source_record_id,
    numbered.load_id,
    numbered.record_hash,
    numbered.loaded_at,
    numbered.account_key,
    cast(round(numbered.sequence) as int) as sequence,
    numbered.code,
    numbered.code_system,
    numbered.performed_date,
    numbered.provider_id,
    numbered.encounter_id
from numbered
