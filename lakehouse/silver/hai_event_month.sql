-- One row per facility, location, month and kind of infection, the newest delivery of it. A restated month replaces the
-- one before it even under another row id.
-- grain: org_id, hai_key
-- load: full
-- partition: org_id
-- checks: hai_key unique, period_month not null

with version as (
    select
        month.*,
        row_number() over (
            partition by
                month.org_id,
                month.source_system_id,
                month.facility_id,
                month.location,
                month.period_month,
                month.infection_type
            order by month.ingested_at desc, month.source_row desc, month.record_hash desc
        ) as age
    from bronze.hai_data as month
)

select
    month.org_id,
    month.source_system_id,
    concat(month.file_id, '#', cast(month.source_row as text)) as source_record_id,
    month.load_id,
    month.record_hash,
    month.ingested_at as loaded_at,
    sha256(concat_ws(
        '|', month.org_id, month.source_system_id, month.facility_id, coalesce(month.location, ''),
        cast(month.period_month as text), month.infection_type
    )) as hai_key,
    month.facility_id,
    month.location,
    month.period_month,
    month.infection_type,
    month.observed_count,
    month.predicted_count,
    month.device_days,
    month.predicted_device_days,
    month.patient_days,
    month.procedures
from version as month
where month.age = 1
