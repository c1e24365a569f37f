-- One row per version of a provider in the national registry, from valid_from up to, not including, valid_to.
-- A version begins on the day the registry gives for the change: the last update of an active record, the deactivation
-- of one put out of use. The first one begins with the number itself. A number that is not found any more changed on the
-- day that was seen, and so did one that an answer of the API shows in use again without saying since when.
-- Two answers of one day are one version, the later. As of a day, like silver.ref_code.
-- Rows of the API and of the files are one history: they are the same registry.
-- grain: npi, valid_from
-- load: full
-- partition: org_id
-- checks: npi not null, status not null, valid_from < valid_to

with told as (
    select
        provider.*,
        cast(provider.ingested_at as date) as seen_on,
        provider.source_file like 'api:%' as is_answer,
        case
            when provider.status = 'deactivated' then provider.deactivated_on
            when provider.status = 'active' and provider.reactivated_on > provider.updated_on
                then provider.reactivated_on
            when provider.status = 'active' then coalesce(provider.updated_on, provider.enumerated_on)
        end as stated_on,
        md5(concat_ws(
            '|', provider.status, coalesce(provider.entity_type, ''), coalesce(provider.provider_name, ''),
            coalesce(provider.credential, ''), coalesce(provider.taxonomy_code, ''), coalesce(provider.city, ''),
            coalesce(provider.state, ''), coalesce(provider.postal_code, '')
        )) as tracked
    from bronze.reference_npi as provider
),

arrived as (
    select
        told.*,
        row_number() over (
            partition by told.org_id, told.npi order by told.ingested_at, told.source_row, told.record_hash
        ) as arrival
    from told
),

followed as (
    select
        arrived.*,
        max(case when arrived.status <> 'active' then coalesce(arrived.stated_on, arrived.seen_on) end) over (
            partition by arrived.org_id, arrived.npi order by arrived.arrival
            rows between unbounded preceding and 1 preceding
        ) as out_of_use_on
    from arrived
),

placed as (
    select
        followed.*,
        case
            when followed.is_answer and followed.stated_on <= followed.out_of_use_on then followed.seen_on
            else coalesce(followed.stated_on, followed.seen_on)
        end as changed_on
    from followed
),

newest as (
    select
        placed.*,
        row_number() over (
            partition by placed.org_id, placed.npi, placed.changed_on order by placed.arrival desc
        ) as place
    from placed
),

compared as (
    select
        newest.*,
        lag(newest.tracked) over (
            partition by newest.org_id, newest.npi order by newest.changed_on
        ) as tracked_before
    from newest
    where newest.place = 1
),

version as (
    select
        compared.*,
        lead(compared.changed_on) over (
            partition by compared.org_id, compared.npi order by compared.changed_on
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
    version.npi,
    version.status,
    version.entity_type,
    version.provider_name,
    version.credential,
    version.taxonomy_code,
    version.taxonomy_name,
    version.city,
    version.state,
    version.postal_code,
    version.enumerated_on,
    case
        when version.tracked_before is null and version.enumerated_on < version.changed_on
            then version.enumerated_on
        else version.changed_on
    end as valid_from,
    version.valid_to,
    version.valid_to is null as is_current
from version
