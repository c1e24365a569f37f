-- One row per version of a patient: what a source knew about the patient from valid_from up to, not including, valid_to.
-- A new version starts when name, address, sex, financial class or date of death changes; every other attribute is
-- overwritten in all versions. Rows are ordered by the source's change time, so an update that arrives late takes its
-- place in the past, and two rows with one change time are one version: the one that arrived last.
-- Medical record numbers repeat between sources, so the key includes the source.
-- grain: org_id, patient_key, valid_from
-- load: full
-- partition: org_id
-- checks: patient_key not null, warn: valid_from not null

with dated as (
    select
        patient.*,
        coalesce(patient.modified_at, patient.ingested_at) as changed_at,
        sha256(concat_ws('|', patient.org_id, patient.source_system_id, patient.patient_id)) as patient_key,
        md5(concat_ws(
            '|', coalesce(patient.first_name, ''), coalesce(patient.middle_name, ''), coalesce(patient.last_name, ''),
            coalesce(patient.street, ''), coalesce(patient.city, ''), coalesce(patient.state, ''),
            coalesce(patient.zip, ''), coalesce(patient.sex, ''), coalesce(patient.financial_class, ''),
            coalesce(cast(patient.deceased_date as text), '')
        )) as tracked
    from bronze.emr_patients as patient
    where patient.patient_id is not null
),

arrived as (
    select
        dated.*,
        row_number() over (
            partition by dated.org_id, dated.patient_key, dated.changed_at
            order by dated.ingested_at desc, dated.source_row desc, dated.record_hash desc
        ) as arrival,
        row_number() over (
            partition by dated.org_id, dated.patient_key
            order by dated.changed_at desc, dated.ingested_at desc, dated.source_row desc, dated.record_hash desc
        ) as age
    from dated
),

compared as (
    select
        arrived.*,
        lag(arrived.tracked) over (
            partition by arrived.org_id, arrived.patient_key order by arrived.changed_at
        ) as tracked_before
    from arrived
    where arrived.arrival = 1
),

version as (
    select
        compared.*,
        lead(compared.changed_at) over (
            partition by compared.org_id, compared.patient_key order by compared.changed_at
        ) as valid_to
    from compared
    where compared.tracked_before is null or compared.tracked_before <> compared.tracked
)

select
    version.org_id,
    version.source_system_id,
    concat(version.file_id, '#', cast(version.source_row as text)) as source_record_id,
    version.load_id,
    version.record_hash,
    version.ingested_at as loaded_at,
    version.patient_key,
    version.patient_id,
    version.first_name,
    version.last_name,
    newest.birth_date,
    version.sex,
    newest.race,
    newest.ethnicity,
    newest.language,
    version.street,
    version.city,
    version.state,
    version.zip,
    newest.phone,
    newest.email,
    newest.ssn_hash,
    version.deceased_date,
    cast(null as int) as comorbidity_count,
    version.changed_at as valid_from,
    version.valid_to,
    version.valid_to is null as is_current,
    version.middle_name,
    version.financial_class
from version
inner join arrived as newest
    on
        version.org_id = newest.org_id
        and version.patient_key = newest.patient_key
        and newest.age = 1
