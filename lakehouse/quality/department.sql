-- One row per department whose newest version breaks a rule; every version of it is held.
-- of: silver.department_version
-- key: sha256(concat_ws('|', org_id, source_system_id, department_id))
-- rule: DEP-01 quarantine: department belongs to no known facility or entity
-- grain: org_id, rule_id, record_key
-- load: full

select
    department.org_id,
    department.source_system_id,
    'DEP-01' as rule_id,
    sha256(concat_ws('|', department.org_id, department.source_system_id, department.department_id)) as record_key,
    department.source_record_id
from silver.department_version as department
left join silver.facility as facility
    on
        department.org_id = facility.org_id
        and department.facility_id = facility.facility_id
left join silver.entity as entity
    on
        department.org_id = entity.org_id
        and department.entity_id = entity.entity_id
where
    department.is_current
    and ((department.facility_id is not null and facility.facility_id is null) or entity.entity_id is null)
