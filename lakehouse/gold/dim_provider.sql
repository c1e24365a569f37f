-- One row per version of a provider.
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
    sha256(
        concat_ws(
            '|', provider.org_id, provider.source_system_id, provider.provider_id, cast(provider.valid_from as text)
        )
    ) as provider_version_key
from silver.provider as provider
