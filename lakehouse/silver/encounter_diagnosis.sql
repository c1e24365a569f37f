-- One row per diagnosis of an account, in order; sequence 1 is the principal one.
-- An account that was billed by 837 has the diagnoses of its claims (HI ABK and ABF; BK and BF are ICD-9), those of the
-- claim sent last first. One that was not has those its EMR recorded, and without these the principal diagnosis of its
-- encounter. Each code counts once.
-- Principal is ABK or BK of the last claim; in the EMR what it numbers 1, else the code its encounter calls principal.
-- Without any, numbering starts at 2. principal_count says how many the list names.
-- A diagnosis of an encounter nobody delivered has no account; one that names no encounter is not here.
-- Complications (CC, MCC) have no source yet: null.
-- grain: org_id, account_key, source_system_id, encounter_id, sequence
-- load: full
-- partition: org_id
-- checks: code not null, principal_count not null

with claim as (
    select
        submission.*,
        row_number() over (
            partition by submission.org_id, submission.claim_key order by submission.submission_number desc
        ) as age
    from silver.claim_submission as submission
),

sent as (
    select
        claim.org_id,
        claim.account_key,
        claim.file_id,
        claim.transaction_no,
        claim.claim_no,
        row_number() over (
            partition by claim.org_id, claim.account_key order by claim.submitted_at desc, claim.submission_key
        ) as list_no
    from claim
    where claim.age = 1 and claim.transaction_no is not null and coalesce(claim.frequency_code, '1') <> '8'
),

recorded as (
    select
        diagnosis.*,
        row_number() over (
            partition by
                diagnosis.org_id, diagnosis.source_system_id, diagnosis.encounter_id, diagnosis.patient_id,
                diagnosis.code, diagnosis.recorded_on
            order by diagnosis.ingested_at desc, diagnosis.source_row desc, diagnosis.record_hash desc
        ) as age
    from bronze.emr_diagnoses as diagnosis
    where diagnosis.encounter_id is not null
),

listed as (
    select
        diagnosis.org_id,
        diagnosis.source_system_id,
        concat(diagnosis.file_id, '@', cast(diagnosis.byte_offset as text), '+', cast(diagnosis.byte_length as text))
            as source_record_id,
        diagnosis.load_id,
        diagnosis.record_hash,
        diagnosis.ingested_at as loaded_at,
        sent.account_key,
        cast(null as text) as encounter_id,
        diagnosis.code,
        case when diagnosis.qualifier in ('ABK', 'ABF') then 'icd10cm' else 'icd9cm' end as code_type,
        diagnosis.poa_indicator,
        cast(null as date) as recorded_on,
        cast(null as date) as resolved_on,
        'claim' as origin,
        1 as preference,
        sent.list_no,
        diagnosis.ordinal as place,
        coalesce(sent.list_no = 1 and diagnosis.qualifier in ('BK', 'ABK'), false) as is_principal
    from sent
    inner join bronze.claims_837_diagnosis as diagnosis
        on
            sent.org_id = diagnosis.org_id
            and sent.file_id = diagnosis.file_id
            and sent.transaction_no = diagnosis.transaction_no
            and sent.claim_no = diagnosis.claim_no
    where diagnosis.qualifier in ('BK', 'ABK', 'BF', 'ABF')

    union all

    select
        diagnosis.org_id,
        diagnosis.source_system_id,
        concat(diagnosis.file_id, '#', cast(diagnosis.source_row as text)) as source_record_id,
        diagnosis.load_id,
        diagnosis.record_hash,
        diagnosis.ingested_at as loaded_at,
        coalesce(own.account_key, entity_account.account_key) as account_key,
        diagnosis.encounter_id,
        diagnosis.code,
        coalesce(diagnosis.code_type, 'icd10cm') as code_type,
        case diagnosis.is_present_on_admission when true then 'Y' when false then 'N' end as poa_indicator,
        diagnosis.recorded_on,
        diagnosis.resolved_on,
        'emr' as origin,
        2 as preference,
        1 as list_no,
        coalesce(diagnosis.sequence, 9999) as place,
        coalesce(diagnosis.sequence = 1, false) as is_principal
    from recorded as diagnosis
    left join reference.source as source
        on
            diagnosis.org_id = source.org_id
            and diagnosis.source_system_id = source.source_system_id
    left join silver.encounter_account as own
        on
            diagnosis.org_id = own.org_id
            and own.scope_type = 'source'
            and diagnosis.source_system_id = own.scope
            and diagnosis.encounter_id = own.encounter_id
    left join silver.encounter_account as entity_account
        on
            diagnosis.org_id = entity_account.org_id
            and entity_account.scope_type = 'entity'
            and source.entity_id = entity_account.scope
            and diagnosis.encounter_id = entity_account.encounter_id
    where diagnosis.age = 1

    union all

    select
        encounter.org_id,
        encounter.source_system_id,
        encounter.source_record_id,
        encounter.load_id,
        encounter.record_hash,
        encounter.loaded_at,
        encounter.account_key,
        encounter.encounter_id,
        encounter.principal_dx as code,
        'icd10cm' as code_type,
        cast(null as text) as poa_indicator,
        cast(null as date) as recorded_on,
        cast(null as date) as resolved_on,
        'encounter' as origin,
        3 as preference,
        1 as list_no,
        1 as place,
        true as is_principal
    from silver.encounter as encounter
    where encounter.principal_dx is not null
),

owned as (
    select
        listed.*,
        coalesce(listed.account_key, concat_ws('|', listed.source_system_id, listed.encounter_id)) as owner,
        upper(replace(listed.code, '.', '')) as bare_code
    from listed
),

chosen as (
    select
        owned.*,
        min(owned.preference) over (partition by owned.org_id, owned.owner) as chosen_preference,
        max(case when owned.origin = 'encounter' then owned.bare_code end) over (
            partition by owned.org_id, owned.owner
        ) as encounter_code,
        bool_or(owned.is_principal and owned.origin <> 'encounter') over (
            partition by owned.org_id, owned.owner
        ) as is_principal_stated
    from owned
),

ranked as (
    select
        chosen.*,
        chosen.is_principal
        or coalesce(
            chosen.origin = 'emr' and not chosen.is_principal_stated and chosen.bare_code = chosen.encounter_code, false
        ) as is_first,
        row_number() over (
            partition by chosen.org_id, chosen.owner, chosen.code_type, chosen.bare_code
            order by
                chosen.is_principal desc, chosen.list_no, chosen.place, chosen.recorded_on, chosen.source_record_id
        ) as twin_no
    from chosen
    where chosen.preference = chosen.chosen_preference
),

numbered as (
    select
        ranked.*,
        sum(case when ranked.is_first then 1 else 0 end) over (partition by ranked.org_id, ranked.owner)
            as principal_count,
        row_number() over (
            partition by ranked.org_id, ranked.owner
            order by
                ranked.is_first desc, ranked.list_no, ranked.place, ranked.recorded_on, ranked.bare_code,
                ranked.source_record_id
        ) as position
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
    cast(round(numbered.position + case when numbered.principal_count = 0 then 1 else 0 end) as int) as sequence,
    case when numbered.code_type = 'icd10cm' then numbered.bare_code end as icd10_code,
    numbered.poa_indicator,
    cast(null as boolean) as is_cc,
    cast(null as boolean) as is_mcc,
    numbered.encounter_id,
    numbered.code,
    numbered.code_type,
    numbered.recorded_on,
    numbered.resolved_on,
    numbered.origin,
    cast(round(numbered.principal_count) as int) as principal_count
from numbered
