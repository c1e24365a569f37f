-- One row per diagnosis that breaks a rule, and per encounter without exactly one principal diagnosis where its source
-- numbers them. A code is judged where a list of ICD-10-CM covers the day it was recorded.
-- of: bronze.emr_diagnoses
-- rule: DXP-01 warn: diagnosis not valid on the date
-- rule: DXP-02 warn: principal diagnosis missing or repeated
-- grain: org_id, rule_id, record_key
-- load: full

with diagnosis as (
    select
        diagnosis.org_id,
        diagnosis.source_system_id,
        diagnosis.encounter_id,
        upper(replace(diagnosis.code, '.', '')) as code,
        diagnosis.recorded_on,
        diagnosis.sequence,
        min(concat(diagnosis.file_id, '#', cast(diagnosis.source_row as text))) as source_record_id
    from bronze.emr_diagnoses as diagnosis
    where diagnosis.code_type = 'icd10cm'
    group by
        diagnosis.org_id, diagnosis.source_system_id, diagnosis.encounter_id, upper(replace(diagnosis.code, '.', '')),
        diagnosis.recorded_on, diagnosis.sequence
),

listed as (
    select
        code.org_id,
        min(coalesce(code.effective_from, date '1900-01-01')) as listed_from
    from silver.ref_code as code
    where code.code_set = 'icd10cm'
    group by code.org_id
),

numbered as (
    select
        diagnosis.org_id,
        diagnosis.source_system_id,
        diagnosis.encounter_id,
        min(diagnosis.source_record_id) as source_record_id,
        count(distinct case when diagnosis.sequence = 1 then diagnosis.code end) as principal_count
    from diagnosis
    where diagnosis.encounter_id is not null
    group by diagnosis.org_id, diagnosis.source_system_id, diagnosis.encounter_id
    having max(diagnosis.sequence) is not null
)

select
    diagnosis.org_id,
    diagnosis.source_system_id,
    'DXP-01' as rule_id,
    sha256(concat_ws(
        '|', diagnosis.org_id, diagnosis.source_system_id, coalesce(diagnosis.encounter_id, ''), diagnosis.code,
        cast(diagnosis.recorded_on as text), coalesce(cast(diagnosis.sequence as text), '')
    )) as record_key,
    diagnosis.source_record_id
from diagnosis
inner join listed
    on
        diagnosis.org_id = listed.org_id
        and diagnosis.recorded_on >= listed.listed_from
left join silver.ref_code as code
    on
        diagnosis.org_id = code.org_id
        and code.code_set = 'icd10cm'
        and diagnosis.code = code.code
        and diagnosis.recorded_on >= coalesce(code.effective_from, date '1900-01-01')
        and diagnosis.recorded_on < coalesce(code.effective_to, date '9999-12-31')
where code.code is null

union all

select
    numbered.org_id,
    numbered.source_system_id,
    'DXP-02' as rule_id,
    sha256(concat_ws('|', numbered.org_id, numbered.source_system_id, numbered.encounter_id)) as record_key,
    numbered.source_record_id
from numbered
where numbered.principal_count <> 1
