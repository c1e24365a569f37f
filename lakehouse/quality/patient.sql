-- One row per patient version that breaks a rule.
-- A person may be known under two sources; two numbers for one person in one source are a possible duplicate.
-- of: silver.patient
-- rule: PAT-05 fail: overlapping history versions for a patient
-- rule: PAT-06 warn: possible duplicate patients, same name, birth date and social security number
-- grain: org_id, rule_id, record_key
-- load: full

with followed as (
    select
        patient.*,
        lead(patient.valid_from) over (
            partition by patient.org_id, patient.patient_key order by patient.valid_from
        ) as next_from
    from silver.patient as patient
),

person as (
    select
        patient.*,
        min(patient.patient_key) over (
            partition by
                patient.org_id, patient.source_system_id, upper(patient.first_name), upper(patient.last_name),
                patient.birth_date, patient.ssn_hash
        ) as first_patient_key,
        max(patient.patient_key) over (
            partition by
                patient.org_id, patient.source_system_id, upper(patient.first_name), upper(patient.last_name),
                patient.birth_date, patient.ssn_hash
        ) as last_patient_key
    from silver.patient as patient
    where patient.is_current and patient.ssn_hash is not null and patient.birth_date is not null
)

select
    followed.org_id,
    followed.source_system_id,
    'PAT-05' as rule_id,
    concat_ws('|', followed.patient_key, cast(followed.valid_from as text)) as record_key,
    followed.source_record_id
from followed
where
    followed.next_from is not null
    and (followed.is_current or followed.valid_to is null or followed.valid_to > followed.next_from)

union all

select
    person.org_id,
    person.source_system_id,
    'PAT-06' as rule_id,
    person.patient_key as record_key,
    person.source_record_id
from person
where person.first_patient_key <> person.last_patient_key
