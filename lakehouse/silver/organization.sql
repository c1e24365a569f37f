-- One row per tenant as its tenant file describes it.
-- The tenant id doubles as the organization code of sources that carry one.
-- grain: org_id
-- load: full
-- partition: org_id
-- checks: org_id unique, org_name not null

select
    organization.org_id,
    'tenant' as source_system_id,
    organization.org_id as source_record_id,
    cast(null as text) as load_id,
    sha256(concat_ws('|', organization.org_id, coalesce(organization.org_name, ''))) as record_hash,
    cast(null as timestamp) as loaded_at,
    organization.org_name,
    organization.org_id as organization_code,
    organization.fiscal_year_start_month,
    organization.time_zone
from reference.organization as organization
