-- One row per version of a patient, without anything that names the person. A fact names the version of its service date
-- in patient_version_key.
-- The age band is the age on the day the version begins; above 89 only '90+' may be shown, and a ZIP area of 20,000
-- people or fewer only as '000' (45 CFR 164.514(b)(2)).
-- grain: patient_version_key
-- load: full
-- partition: org_id
-- checks: patient_key not null

with aged as (
    select
        patient.org_id,
        patient.patient_version_key,
        patient.patient_key,
        patient.sex,
        left(patient.zip, 3) as zip3,
        patient.valid_from,
        patient.valid_to,
        patient.is_current,
        extract(year from patient.valid_from) - extract(year from patient.birth_date)
        - case
            when
                extract(month from patient.valid_from) * 100 + extract(day from patient.valid_from)
                < extract(month from patient.birth_date) * 100 + extract(day from patient.birth_date)
                then 1
            else 0
        end as age_years
    from silver.patient as patient
)

select
    aged.patient_version_key,
    aged.patient_key,
    aged.org_id,
    case
        when aged.age_years is null then null
        when aged.age_years < 18 then '0-17'
        when aged.age_years < 35 then '18-34'
        when aged.age_years < 50 then '35-49'
        when aged.age_years < 65 then '50-64'
        when aged.age_years < 75 then '65-74'
        when aged.age_years < 90 then '75-89'
        else '90+'
    end as age_band,
    aged.sex,
    case when restricted.zip3 is null then aged.zip3 else '000' end as zip3,
    aged.valid_from,
    aged.valid_to,
    aged.is_current
from aged
left join reference.restricted_zip3 as restricted on aged.zip3 = restricted.zip3
