-- One row per NPI or tax id that names exactly one entity of a tenant.
-- An entity is known by its own billing NPI and by the NPIs of its facilities; a tax id shared by two entities (a
-- hospital and its physician group under one TIN) names neither and is left out.
-- grain: org_id, identifier
-- load: full
-- partition: org_id
-- checks: identifier not null, entity_id in silver.entity

with known as (
    select
        entity.org_id,
        entity.billing_npi as identifier,
        entity.entity_id
    from silver.entity as entity

    union all

    select
        facility.org_id,
        facility.npi as identifier,
        facility.entity_id
    from silver.facility as facility

    union all

    select
        entity.org_id,
        entity.tax_id as identifier,
        entity.entity_id
    from silver.entity as entity
)

select
    known.org_id,
    'tenant' as source_system_id,
    known.identifier as source_record_id,
    cast(null as text) as load_id,
    cast(null as text) as record_hash,
    cast(null as timestamp) as loaded_at,
    known.identifier,
    min(known.entity_id) as entity_id
from known
where known.identifier is not null
group by known.org_id, known.identifier
having count(distinct known.entity_id) = 1
