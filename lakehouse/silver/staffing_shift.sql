-- One row per scheduled or worked shift, the newest delivery of it. Hours that a source does not give are zero, but for
-- the hours worked: no statement of them is no statement that nobody came.
-- grain: org_id, shift_key
-- load: full
-- partition: org_id
-- checks: shift_key unique, work_date not null

with version as (
    select
        shift.*,
        row_number() over (
            partition by shift.org_id, shift.source_system_id, shift.shift_id
            order by shift.ingested_at desc, shift.source_row desc, shift.record_hash desc
        ) as age
    from bronze.ops_staffing as shift
)

select
    shift.org_id,
    shift.source_system_id,
    concat(shift.file_id, '#', cast(shift.source_row as text)) as source_record_id,
    shift.load_id,
    shift.record_hash,
    shift.ingested_at as loaded_at,
    sha256(concat_ws('|', shift.org_id, shift.source_system_id, shift.shift_id)) as shift_key,
    shift.shift_id,
    shift.team,
    shift.functional_area,
    coalesce(shift.entity_id, source.entity_id) as entity_id,
    shift.work_date,
    shift.scheduled_hours,
    shift.actual_hours,
    cast(coalesce(shift.overtime_hours, 0) as decimal(8, 2)) as overtime_hours,
    cast(coalesce(shift.absence_hours, 0) as decimal(8, 2)) as absence_hours
from version as shift
left join reference.source as source
    on
        shift.org_id = source.org_id
        and shift.source_system_id = source.source_system_id
where shift.age = 1
