-- One row per provider of a source, as it is now, and what the national registry says of its NPI.
-- registration: active, deactivated or not_found as the registry answered; not_asked when it was not asked yet; no_npi
-- when the source has none. Where the source knows no name or taxonomy, the registry's stand in.
-- A taxonomy is known when a list of taxonomies that was loaded has it; without such a list that is not judged.
-- grain: source_system_id, provider_id
-- load: full
-- partition: org_id
-- checks: provider_id not null, warn: registration not in ('deactivated', 'not_found'), warn: is_taxonomy_known

with list_of_taxonomies as (
    select
        code.org_id,
        code.code
    from silver.ref_code as code
    where code.code_set = 'taxonomy' and code.effective_to is null
    group by code.org_id, code.code
),

tenant_with_list as (
    select list_of_taxonomies.org_id
    from list_of_taxonomies
    group by list_of_taxonomies.org_id
)

select
    provider.org_id,
    provider.source_system_id,
    provider.provider_id,
    provider.npi,
    coalesce(provider.provider_name, registered.provider_name) as provider_name,
    coalesce(provider.taxonomy_code, registered.taxonomy_code) as taxonomy_code,
    coalesce(provider.specialty, registered.taxonomy_name) as specialty,
    registered.provider_name as registered_name,
    registered.taxonomy_code as registered_taxonomy_code,
    registered.valid_from as registered_from,
    case
        when provider.npi is null then 'no_npi'
        else coalesce(registered.status, 'not_asked')
    end as registration,
    case
        when
            tenant_with_list.org_id is not null
            and coalesce(provider.taxonomy_code, registered.taxonomy_code) is not null
            then list_of_taxonomies.code is not null
    end as is_taxonomy_known
from silver.provider as provider
left join silver.ref_npi as registered
    on
        provider.org_id = registered.org_id
        and provider.npi = registered.npi
        and registered.is_current
left join tenant_with_list on provider.org_id = tenant_with_list.org_id
left join list_of_taxonomies
    on
        provider.org_id = list_of_taxonomies.org_id
        and coalesce(provider.taxonomy_code, registered.taxonomy_code) = list_of_taxonomies.code
where provider.is_current
