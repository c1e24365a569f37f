-- One row per department of a source, the newest version it sent.
-- Entity and facility come from the department, else the entity of its source.
-- Department ids may repeat between two sources of one tenant; each source keeps its own row.
-- grain: org_id, source_system_id, department_id
-- load: full
-- partition: org_id
-- checks: department_id not null

with version as (
    select
        department.*,
        row_number() over (
            partition by department.org_id, department.source_system_id, department.department_id
            order by department.ingested_at desc, department.source_row desc, department.record_hash desc
        ) as age
    from bronze.emr_departments as department
)

select
    department.org_id,
    department.source_system_id,
    concat(department.file_id, '#', cast(department.source_row as text)) as source_record_id,
    department.load_id,
    department.record_hash,
    department.ingested_at as loaded_at,
    department.department_id,
    department.department_name,
    department.facility_id,
    coalesce(department.entity_id, facility.entity_id, source.entity_id) as entity_id,
    department.specialty,
    department.service_line,
    cast(null as text) as cost_center
from version as department
left join reference.facility as facility
    on
        department.org_id = facility.org_id
        and department.facility_id = facility.facility_id
left join reference.source as source
    on
        department.org_id = source.org_id
        and department.source_system_id = source.source_system_id
where department.age = 1
