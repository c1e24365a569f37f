-- One row per reporting entity of a tenant: a hospital, a physician group, an ambulatory surgery center.
-- Claims and remittances find their entity by billing NPI, else by tax id.
-- grain: org_id, entity_id
-- load: full
-- partition: org_id
-- checks: entity_id not null

select
    entity.org_id,
    'tenant' as source_system_id,
    entity.entity_id as source_record_id,
    cast(null as text) as load_id,
    sha256(concat_ws('|', entity.org_id, entity.entity_id)) as record_hash,
    cast(null as timestamp) as loaded_at,
    entity.entity_id,
    entity.entity_name,
    entity.entity_type,
    entity.billing_type,
    entity.tax_id,
    entity.billing_npi,
    entity.medicare_ccn,
    entity.bill_hold_days,
    entity.is_active
from reference.entity as entity
