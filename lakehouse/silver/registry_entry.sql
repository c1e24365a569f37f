-- One row per assessment of a patient in a disease registry, the newest delivery of it.
-- grain: org_id, registry_key
-- load: full
-- partition: org_id
-- checks: registry_key unique, patient_key not null

with version as (
    select
        entry.*,
        row_number() over (
            partition by
                entry.org_id,
                entry.source_system_id,
                entry.registry_id
            order by entry.ingested_at desc, entry.source_row desc, entry.record_hash desc
        ) as age
    from bronze.clinical_registry as entry
)

select
    entry.org_id,
    entry.source_system_id,
    concat(entry.file_id, '#', cast(entry.source_row as text)) as source_record_id,
    entry.load_id,
    entry.record_hash,
    entry.ingested_at as loaded_at,
    sha256(concat_ws('|', entry.org_id, entry.source_system_id, entry.registry_id)) as registry_key,
    sha256(concat_ws('|', entry.org_id, entry.source_system_id, entry.patient_id)) as patient_key,
    entry.registry_name,
    entry.enrolled_date,
    entry.assessment_date,
    entry.measure_name,
    entry.measure_value,
    entry.is_controlled,
    entry.provider_id,
    entry.facility_id
from version as entry
where entry.age = 1
