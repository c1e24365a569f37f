-- One row per version of a provider: what a source knew from valid_from up to, not including, valid_to.
-- Every attribute is tracked. silver.record_version says how versions follow each other.
-- Provider ids may repeat between two sources of one tenant; each source keeps its own history. The NPI tells that two
-- of them are one person.
-- grain: org_id, source_system_id, provider_id, valid_from
-- load: full
-- partition: org_id
-- checks: provider_id not null, warn: valid_from not null

with delivered as (
    select
        provider.*,
        md5(concat_ws(
            '|', provider.load_id, provider.file_id, cast(provider.source_row as text), provider.record_hash,
            cast(provider.ingested_at as text), cast(provider.modified_at as text)
        )) as row_id
    from bronze.emr_providers as provider
)

select
    version.org_id,
    version.source_system_id,
    version.source_record_id,
    version.load_id,
    version.record_hash,
    version.loaded_at,
    version.record_id as provider_id,
    provider.npi,
    provider.provider_name,
    provider.taxonomy_code,
    provider.specialty,
    coalesce(provider.entity_id, source.entity_id) as entity_id,
    provider.department_id,
    provider.clinical_fte,
    provider.provider_type,
    version.valid_from,
    version.valid_to,
    version.is_current,
    sha256(concat_ws(
        '|', version.org_id, version.source_system_id, version.record_id, cast(version.valid_from as text)
    )) as provider_version_key
from silver.record_version as version
inner join delivered as provider
    on
        version.org_id = provider.org_id
        and version.source_system_id = provider.source_system_id
        and version.record_id = provider.provider_id
        and version.row_id = provider.row_id
left join reference.source as source
    on
        version.org_id = source.org_id
        and version.source_system_id = source.source_system_id
where version.table_name = 'bronze.emr_providers'
