-- One row per tenant.
-- grain: org_id
-- load: full
-- partition: org_id
-- checks: org_name not null

select
    organization.org_id,
    organization.org_name
from reference.organization as organization
