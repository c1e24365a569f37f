-- One row per way a source may name a provider, version of the provider, and the days whose facts take that version: from
-- from_date up to, not including, to_date. A fact finds its provider by its own source, the id it carries and its day.
-- The id means the provider of the fact's own source; else the only one of another source of the same entity, else of the
-- whole tenant; else it is an NPI. An id that means two providers in these wider circles finds none; providers of two
-- sources with one NPI are one person, of whom the first source tells.
-- The days of all versions of a provider follow each other without gap or overlap. The first also stands for the days
-- before it was known, each one until the next begins, the last for ever, even when the source deleted the provider. Of
-- several versions that begin on one day only the last has days, and the day is its.
-- grain: org_id, source_system_id, provider_id, from_date
-- load: full
-- partition: org_id
-- checks: provider_version_key not null, from_date < to_date

with ordered as (
    select
        provider.*,
        cast(provider.valid_from as date) as begins_on,
        row_number() over (
            partition by provider.org_id, provider.source_system_id, provider.provider_id order by provider.valid_from
        ) as version_no,
        cast(lead(provider.valid_from) over (
            partition by provider.org_id, provider.source_system_id, provider.provider_id order by provider.valid_from
        ) as date) as next_begins_on
    from silver.provider as provider
),

dated as (
    select
        ordered.*,
        case when ordered.version_no = 1 then date '1900-01-01' else ordered.begins_on end as from_date,
        coalesce(ordered.next_begins_on, date '9999-12-31') as to_date
    from ordered
),

reader as (
    select
        source.org_id,
        source.source_system_id,
        source.entity_id
    from reference.source as source

    union distinct

    select
        provider.org_id,
        provider.source_system_id,
        source.entity_id
    from silver.provider as provider
    left join reference.source as source
        on
            provider.org_id = source.org_id
            and provider.source_system_id = source.source_system_id
),

person as (
    select
        provider.org_id,
        provider.source_system_id as home,
        provider.provider_id as home_id,
        provider.provider_id as name,
        source.entity_id,
        false as is_npi
    from silver.provider as provider
    left join reference.source as source
        on
            provider.org_id = source.org_id
            and provider.source_system_id = source.source_system_id
    group by provider.org_id, provider.source_system_id, provider.provider_id, source.entity_id

    union distinct

    select
        provider.org_id,
        provider.source_system_id as home,
        provider.provider_id as home_id,
        provider.npi as name,
        source.entity_id,
        true as is_npi
    from silver.provider as provider
    left join reference.source as source
        on
            provider.org_id = source.org_id
            and provider.source_system_id = source.source_system_id
    where provider.npi is not null
),

candidate as (
    select
        reader.org_id,
        reader.source_system_id,
        person.name,
        person.home,
        person.home_id,
        case
            when person.is_npi then 4
            when person.home = reader.source_system_id then 1
            when person.entity_id = reader.entity_id then 2
            else 3
        end as circle
    from reader
    inner join person on reader.org_id = person.org_id
),

counted as (
    select
        candidate.*,
        min(candidate.circle) over (
            partition by candidate.org_id, candidate.source_system_id, candidate.name
        ) as nearest,
        count(*) over (
            partition by candidate.org_id, candidate.source_system_id, candidate.name, candidate.circle
        ) as persons,
        row_number() over (
            partition by candidate.org_id, candidate.source_system_id, candidate.name, candidate.circle
            order by
                case when candidate.home = candidate.source_system_id then 1 else 2 end, candidate.home,
                candidate.home_id
        ) as place
    from candidate
)

select
    named.org_id,
    named.source_system_id,
    named.name as provider_id,
    dated.provider_version_key,
    dated.npi,
    dated.specialty,
    dated.department_id,
    dated.from_date,
    dated.to_date
from counted as named
inner join dated
    on
        named.org_id = dated.org_id
        and named.home = dated.source_system_id
        and named.home_id = dated.provider_id
where
    named.circle = named.nearest
    and named.place = 1
    and (named.persons = 1 or named.circle = 4)
    and dated.from_date < dated.to_date
