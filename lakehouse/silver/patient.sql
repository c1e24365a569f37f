-- One row per version of a patient: what a source knew about the patient from valid_from up to, not including, valid_to.
-- A new version starts when name, address, sex, financial class or date of death changes; every other attribute is
-- overwritten in all versions. silver.record_version says how versions follow each other.
-- Medical record numbers repeat between sources, so the key includes the source.
-- grain: org_id, patient_key, valid_from
-- load: full
-- partition: org_id
-- checks: patient_key not null, warn: valid_from not null

with delivered as (
    select
        patient.*,
        md5(concat_ws(
            '|', patient.load_id, patient.file_id, cast(patient.source_row as text), patient.record_hash,
            cast(patient.ingested_at as text), cast(patient.modified_at as text)
        )) as row_id
    from bronze.emr_patients as patient
)

select
    version.org_id,
    version.source_system_id,
    version.source_record_id,
    version.load_id,
    version.record_hash,
    version.loaded_at,
    sha256(concat_ws('|', version.org_id, version.source_system_id, version.record_id)) as patient_key,
    version.record_id as patient_id,
    patient.first_name,
    patient.last_name,
    newest.birth_date,
    patient.sex,
    newest.race,
    newest.ethnicity,
    newest.language,
    patient.street,
    patient.city,
    patient.state,
    patient.zip,
    newest.phone,
    newest.email,
    newest.ssn_hash,
    patient.deceased_date,
    cast(null as int) as comorbidity_count,
    version.valid_from,
    version.valid_to,
    version.is_current,
    patient.middle_name,
    patient.financial_class,
    sha256(concat_ws(
        '|', version.org_id, sha256(concat_ws('|', version.org_id, version.source_system_id, version.record_id)),
        cast(version.valid_from as text)
    )) as patient_version_key
from silver.record_version as version
inner join delivered as patient
    on
        version.org_id = patient.org_id
        and version.source_system_id = patient.source_system_id
        and version.record_id = patient.patient_id
        and version.row_id = patient.row_id
inner join delivered as newest
    on
        version.org_id = newest.org_id
        and version.source_system_id = newest.source_system_id
        and version.record_id = newest.patient_id
        and version.newest_row_id = newest.row_id
where version.table_name = 'bronze.emr_patients'
