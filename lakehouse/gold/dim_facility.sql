-- One row per place of care.
-- grain: org_id, facility_id
-- load: full
-- partition: org_id
-- checks: facility_name not null

select
    facility.org_id,
    facility.facility_id,
    facility.entity_id,
    facility.facility_name,
    facility.staffed_beds
from reference.facility as facility
