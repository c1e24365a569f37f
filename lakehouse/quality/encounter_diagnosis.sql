-- One row per diagnosis that is no valid code on its day, and per account whose list does not name one principal.
-- A code is judged where a list of ICD-10-CM covers the day, that of discharge, else of arrival; without a day by any
-- edition. A list without an account goes by its encounter, which is named by a hash: hospitals number them alike.
-- of: silver.encounter_diagnosis
-- rule: DXP-01 warn: diagnosis not valid on the date
-- rule: DXP-02 warn: principal diagnosis missing or repeated
-- grain: org_id, rule_id, record_key
-- load: full

with code as (
    select
        code.org_id,
        replace(code.code, '.', '') as bare_code,
        code.effective_from,
        code.effective_to
    from silver.ref_code as code
    where code.code_set = 'icd10cm'
),

listed as (
    select
        code.org_id,
        min(coalesce(code.effective_from, date '1900-01-01')) as listed_from
    from code
    group by code.org_id
),

dated as (
    select
        diagnosis.*,
        coalesce(
            diagnosis.account_key,
            sha256(concat_ws('|', diagnosis.org_id, diagnosis.source_system_id, diagnosis.encounter_id))
        ) as list_key,
        cast(coalesce(encounter.discharge_at, encounter.admit_at, encounter.arrival_at) as date) as judged_on
    from silver.encounter_diagnosis as diagnosis
    left join silver.encounter as encounter
        on
            diagnosis.org_id = encounter.org_id
            and diagnosis.account_key = encounter.account_key
),

judged as (
    select
        diagnosis.org_id,
        diagnosis.source_system_id,
        diagnosis.list_key,
        diagnosis.encounter_id,
        diagnosis.sequence,
        diagnosis.source_record_id,
        count(code.bare_code) as valid_codes
    from dated as diagnosis
    inner join listed
        on
            diagnosis.org_id = listed.org_id
            and coalesce(diagnosis.judged_on >= listed.listed_from, true)
    left join code
        on
            diagnosis.org_id = code.org_id
            and diagnosis.icd10_code = code.bare_code
            and coalesce(diagnosis.judged_on >= code.effective_from, true)
            and coalesce(diagnosis.judged_on < code.effective_to, true)
    where diagnosis.icd10_code is not null
    group by
        diagnosis.org_id, diagnosis.source_system_id, diagnosis.list_key, diagnosis.encounter_id,
        diagnosis.sequence, diagnosis.source_record_id
)

select
    judged.org_id,
    judged.source_system_id,
    'DXP-01' as rule_id,
    concat_ws('|', judged.list_key, cast(judged.sequence as text)) as record_key,
    judged.source_record_id
from judged
where judged.valid_codes = 0

union all

select
    dated.org_id,
    min(dated.source_system_id) as source_system_id,
    'DXP-02' as rule_id,
    dated.list_key as record_key,
    min(dated.source_record_id) as source_record_id
from dated
where dated.principal_count <> 1
group by dated.org_id, dated.list_key
