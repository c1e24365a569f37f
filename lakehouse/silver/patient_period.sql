-- One row per version of a patient and the days whose facts take it: from from_date up to, not including, to_date.
-- The days of all versions of a patient follow each other without gap or overlap. The first also stands for the days
-- before it was known, each one until the next begins, the last for ever, even when the source deleted the patient. Of
-- several versions that begin on one day only the last has days, and the day is its.
-- grain: org_id, patient_version_key
-- load: full
-- partition: org_id
-- checks: patient_key not null, from_date < to_date

with ordered as (
    select
        patient.org_id,
        patient.source_system_id,
        patient.patient_key,
        patient.patient_version_key,
        cast(patient.valid_from as date) as begins_on,
        row_number() over (
            partition by patient.org_id, patient.patient_key order by patient.valid_from
        ) as version_no,
        cast(lead(patient.valid_from) over (
            partition by patient.org_id, patient.patient_key order by patient.valid_from
        ) as date) as next_begins_on
    from silver.patient as patient
),

dated as (
    select
        ordered.*,
        case when ordered.version_no = 1 then date '1900-01-01' else ordered.begins_on end as from_date,
        coalesce(ordered.next_begins_on, date '9999-12-31') as to_date
    from ordered
)

select
    dated.org_id,
    dated.source_system_id,
    dated.patient_key,
    dated.patient_version_key,
    dated.from_date,
    dated.to_date
from dated
where dated.from_date < dated.to_date
