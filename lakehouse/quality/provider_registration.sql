-- One row per provider whose NPI the national registry does not know or has deactivated, or whose taxonomy is in no list.
-- of: silver.provider_registration
-- rule: PRV-02 warn: NPI not found or deactivated
-- rule: PRV-03 warn: taxonomy unknown
-- grain: org_id, rule_id, record_key
-- load: full

select
    provider.org_id,
    provider.source_system_id,
    'PRV-02' as rule_id,
    sha256(concat_ws('|', provider.org_id, provider.source_system_id, provider.provider_id)) as record_key,
    cast(null as text) as source_record_id
from silver.provider_registration as provider
where provider.registration in ('deactivated', 'not_found')

union all

select
    provider.org_id,
    provider.source_system_id,
    'PRV-03' as rule_id,
    sha256(concat_ws('|', provider.org_id, provider.source_system_id, provider.provider_id)) as record_key,
    cast(null as text) as source_record_id
from silver.provider_registration as provider
where not provider.is_taxonomy_known
