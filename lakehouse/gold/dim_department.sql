-- One row per department.
-- grain: org_id, department_id
-- load: full
-- partition: org_id
-- checks: department_id not null

with newest as (
    select
        department.org_id,
        department.department_id,
        department.department_name,
        department.specialty,
        department.service_line,
        row_number() over (
            partition by department.org_id, department.department_id
            order by department.source_system_id, department.source_record_id
        ) as position
    from silver.department as department
)

select
    newest.org_id,
    newest.department_id,
    newest.department_name,
    newest.specialty,
    newest.service_line
from newest
where newest.position = 1
