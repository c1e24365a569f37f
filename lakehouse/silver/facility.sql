-- One row per place of care of a tenant, and the entity it belongs to.
-- grain: org_id, facility_id
-- load: full
-- partition: org_id
-- checks: facility_id not null, warn: entity_id in silver.entity

select
    facility.org_id,
    'tenant' as source_system_id,
    facility.facility_id as source_record_id,
    cast(null as text) as load_id,
    sha256(concat_ws('|', facility.org_id, facility.facility_id)) as record_hash,
    cast(null as timestamp) as loaded_at,
    facility.facility_id,
    facility.entity_id,
    facility.facility_name,
    facility.facility_type,
    facility.npi,
    facility.staffed_beds
from reference.facility as facility
