-- One row per version of a department: what a source knew from valid_from up to, not including, valid_to.
-- Every attribute is tracked. silver.record_version says how versions follow each other.
-- Entity and facility come from the department, else the entity of its facility, else that of its source.
-- grain: org_id, source_system_id, department_id, valid_from
-- load: full
-- partition: org_id
-- checks: department_id not null, warn: valid_from not null

with delivered as (
    select
        department.*,
        md5(concat_ws(
            '|', department.load_id, department.file_id, cast(department.source_row as text), department.record_hash,
            cast(department.ingested_at as text), cast(department.modified_at as text)
        )) as row_id
    from bronze.emr_departments as department
)

select
    version.org_id,
    version.source_system_id,
    version.source_record_id,
    version.load_id,
    version.record_hash,
    version.loaded_at,
    version.record_id as department_id,
    department.department_name,
    department.facility_id,
    coalesce(department.entity_id, facility.entity_id, source.entity_id) as entity_id,
    department.specialty,
    department.service_line,
    cast(null as text) as cost_center,
    version.valid_from,
    version.valid_to,
    version.is_current
from silver.record_version as version
inner join delivered as department
    on
        version.org_id = department.org_id
        and version.source_system_id = department.source_system_id
        and version.record_id = department.department_id
        and version.row_id = department.row_id
left join reference.facility as facility
    on
        department.org_id = facility.org_id
        and department.facility_id = facility.facility_id
left join reference.source as source
    on
        version.org_id = source.org_id
        and version.source_system_id = source.source_system_id
where version.table_name = 'bronze.emr_departments'
