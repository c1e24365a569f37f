-- One row per version of a provider: what a source knew from valid_from up to, not including, valid_to.
-- Every attribute is tracked. Rows are ordered by the source's change time; a late update takes its place in the past.
-- Provider ids may repeat between two sources of one tenant; each source keeps its own history.
-- grain: org_id, source_system_id, provider_id, valid_from
-- load: full
-- partition: org_id
-- checks: provider_id not null, warn: valid_from not null

with dated as (
    select
        provider.*,
        coalesce(provider.modified_at, provider.ingested_at) as changed_at,
        md5(concat_ws(
            '|', coalesce(provider.npi, ''), coalesce(provider.provider_name, ''),
            coalesce(provider.taxonomy_code, ''), coalesce(provider.specialty, ''),
            coalesce(provider.department_id, ''), coalesce(provider.entity_id, ''),
            coalesce(cast(provider.clinical_fte as text), ''), coalesce(provider.provider_type, '')
        )) as tracked
    from bronze.emr_providers as provider
    where provider.provider_id is not null
),

arrived as (
    select
        dated.*,
        row_number() over (
            partition by dated.org_id, dated.source_system_id, dated.provider_id, dated.changed_at
            order by dated.ingested_at desc, dated.source_row desc, dated.record_hash desc
        ) as arrival
    from dated
),

compared as (
    select
        arrived.*,
        lag(arrived.tracked) over (
            partition by arrived.org_id, arrived.source_system_id, arrived.provider_id order by arrived.changed_at
        ) as tracked_before
    from arrived
    where arrived.arrival = 1
),

version as (
    select
        compared.*,
        lead(compared.changed_at) over (
            partition by compared.org_id, compared.source_system_id, compared.provider_id
            order by compared.changed_at
        ) as valid_to
    from compared
    where compared.tracked_before is null or compared.tracked_before <> compared.tracked
)

select
    version.org_id,
    version.source_system_id,
    concat(version.file_id, '#', cast(version.source_row as text)) as source_record_id,
    version.load_id,
    version.record_hash,
    version.ingested_at as loaded_at,
    version.provider_id,
    version.npi,
    version.provider_name,
    version.taxonomy_code,
    version.specialty,
    coalesce(version.entity_id, source.entity_id) as entity_id,
    version.department_id,
    version.clinical_fte,
    version.provider_type,
    version.changed_at as valid_from,
    version.valid_to,
    version.valid_to is null as is_current
from version
left join reference.source as source
    on
        version.org_id = source.org_id
        and version.source_system_id = source.source_system_id
