-- One row per way to name an encounter, and the billing account it stands for.
-- Encounter ids repeat between the hospitals of one tenant. A row that names an encounter finds it first among the
-- encounters of its own source (scope_type 'source'), then of its entity ('entity'), then of the whole tenant ('org');
-- in the wider scopes an id that means two accounts names none.
-- The account is the source's account id, else its encounter id, inside the entity that bills it: the entity of the
-- encounter, else of its source, else the source itself.
-- grain: org_id, scope_type, scope, encounter_id
-- load: full
-- partition: org_id
-- checks: account_key not null

with version as (
    select
        encounter.*,
        row_number() over (
            partition by encounter.org_id, encounter.source_system_id, encounter.encounter_id
            order by
                encounter.modified_at desc, encounter.ingested_at desc, encounter.source_row desc,
                encounter.record_hash desc
        ) as age
    from bronze.emr_encounters as encounter
    where encounter.encounter_id is not null
),

placed as (
    select
        encounter.org_id,
        encounter.source_system_id,
        encounter.encounter_id,
        coalesce(encounter.account_id, encounter.encounter_id) as account_id,
        coalesce(encounter.entity_id, source.entity_id, encounter.source_system_id) as entity_id,
        sha256(concat_ws('|', encounter.org_id, encounter.source_system_id, coalesce(encounter.patient_id, '')))
            as patient_key,
        encounter.billing_type as stated_billing_type,
        encounter.encounter_class
    from version as encounter
    left join reference.source as source
        on
            encounter.org_id = source.org_id
            and encounter.source_system_id = source.source_system_id
    where encounter.age = 1
),

account as (
    select
        placed.org_id,
        placed.source_system_id,
        placed.encounter_id,
        placed.account_id,
        placed.entity_id,
        placed.patient_key,
        sha256(concat_ws('|', placed.org_id, placed.entity_id, placed.account_id)) as account_key,
        coalesce(
            placed.stated_billing_type, entity.billing_type,
            case when placed.encounter_class in ('inpatient', 'observation', 'emergency') then 'HB' else 'PB' end
        ) as billing_type
    from placed
    left join reference.entity as entity
        on
            placed.org_id = entity.org_id
            and placed.entity_id = entity.entity_id
),

scoped as (
    select
        account.*,
        'source' as scope_type,
        account.source_system_id as scope
    from account

    union all

    select
        account.*,
        'entity' as scope_type,
        account.entity_id as scope
    from account

    union all

    select
        account.*,
        'org' as scope_type,
        '*' as scope
    from account
),

counted as (
    select
        scoped.*,
        min(scoped.account_key) over (
            partition by scoped.org_id, scoped.scope_type, scoped.scope, scoped.encounter_id
        ) as first_account_key,
        max(scoped.account_key) over (
            partition by scoped.org_id, scoped.scope_type, scoped.scope, scoped.encounter_id
        ) as last_account_key,
        row_number() over (
            partition by scoped.org_id, scoped.scope_type, scoped.scope, scoped.encounter_id
            order by scoped.source_system_id
        ) as place
    from scoped
)

select
    counted.org_id,
    counted.source_system_id,
    cast(null as text) as source_record_id,
    cast(null as text) as load_id,
    cast(null as text) as record_hash,
    cast(null as timestamp) as loaded_at,
    counted.scope_type,
    counted.scope,
    counted.encounter_id,
    counted.account_key,
    counted.account_id,
    counted.entity_id,
    counted.billing_type,
    counted.patient_key
from counted
where counted.place = 1 and counted.first_account_key = counted.last_account_key
