-- One row per reporting entity (hospital, physician group, surgery center).
-- The peer group for benchmarks is type and bed band of the entity's facilities; entities without beds compare by type.
-- grain: org_id, entity_id
-- load: full
-- partition: org_id
-- checks: entity_name not null

with bed_count as (
    select
        facility.org_id,
        facility.entity_id,
        sum(facility.staffed_beds) as staffed_beds
    from reference.facility as facility
    group by facility.org_id, facility.entity_id
)

select
    entity.org_id,
    entity.entity_id,
    entity.entity_name,
    entity.entity_type,
    case
        when coalesce(bed_count.staffed_beds, 0) = 0 then entity.entity_type
        when bed_count.staffed_beds < 100 then concat(entity.entity_type, ', under 100 beds')
        when bed_count.staffed_beds < 300 then concat(entity.entity_type, ', 100-299 beds')
        else concat(entity.entity_type, ', 300 beds or more')
    end as peer_group
from reference.entity as entity
left join bed_count
    on
        entity.org_id = bed_count.org_id
        and entity.entity_id = bed_count.entity_id
