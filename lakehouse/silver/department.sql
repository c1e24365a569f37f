-- One row per department of a source, its newest version; one that is no longer in use keeps its last.
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
            order by department.valid_from desc
        ) as age
    from silver.department_version as department
)

select
    department.org_id,
    department.source_system_id,
    department.source_record_id,
    department.load_id,
    department.record_hash,
    department.loaded_at,
    department.department_id,
    department.department_name,
    department.facility_id,
    department.entity_id,
    department.specialty,
    department.service_line,
    department.cost_center,
    department.is_current as is_active
from version as department
where department.age = 1
