-- One row per payer of a tenant with every identifier and name it is known by in 837, 277CA, 835, EMR and flat files.
-- Two payers exist in every tenant: 'unmapped' for identifiers outside the crosswalk (their money is kept and shows up
-- here until somebody maps it) and 'self_pay' for accounts without coverage.
-- grain: org_id, payer_id
-- load: full
-- partition: org_id
-- checks: payer_id not null, payer_class in reference.payer_class

with known as (
    select
        identifier.org_id,
        identifier.payer_id,
        string_split_regex(
            string_agg(identifier.identifier_upper, '|' order by identifier.identifier_upper), '[|]'
        ) as edi_payer_ids
    from reference.payer_identifier as identifier
    group by identifier.org_id, identifier.payer_id
),

listed as (
    select
        payer.org_id,
        payer.payer_id,
        payer.payer_name,
        payer.payer_class,
        1 as preference
    from reference.payer as payer

    union all

    select
        organization.org_id,
        'unmapped' as payer_id,
        'Unmapped payer' as payer_name,
        'other' as payer_class,
        2 as preference
    from reference.organization as organization

    union all

    select
        organization.org_id,
        'self_pay' as payer_id,
        'Self pay' as payer_name,
        'self_pay' as payer_class,
        2 as preference
    from reference.organization as organization
),

ranked as (
    select
        listed.*,
        row_number() over (partition by listed.org_id, listed.payer_id order by listed.preference) as place
    from listed
)

select
    payer.org_id,
    'tenant' as source_system_id,
    payer.payer_id as source_record_id,
    cast(null as text) as load_id,
    sha256(concat_ws('|', payer.org_id, payer.payer_id)) as record_hash,
    cast(null as timestamp) as loaded_at,
    payer.payer_id,
    payer.payer_name,
    payer.payer_class,
    known.edi_payer_ids,
    cast(null as text) as parent_payer_id
from ranked as payer
left join known
    on
        payer.org_id = known.org_id
        and payer.payer_id = known.payer_id
where payer.place = 1
