-- One row per version of a provider. A fact names the version of its day in provider_version_key.
-- grain: provider_version_key
-- load: full
-- partition: org_id
-- checks: provider_id not null

select
    provider.org_id,
    provider.provider_id,
    provider.npi,
    provider.provider_name,
    provider.specialty,
    provider.clinical_fte,
    provider.valid_from,
    provider.valid_to,
    provider.is_current,
    provider.provider_version_key
from silver.provider as provider
