-- One row per thing patient access did for an account: pre-registration, insurance verified, estimate, registration error,
-- coverage found, application for financial assistance and its decision.
-- A check that found the coverage active is a verification; a quality review whose outcome is an error is a registration
-- error, any other stays a review. An application that was decided gives a second row on the day of its decision, and
-- what became of it is told there.
-- grain: org_id, access_event_key
-- load: full
-- partition: org_id
-- checks: access_event_key unique, event_type not null, warn: event_at not null

with version as (
    select
        event.*,
        row_number() over (
            partition by event.org_id, event.source_system_id, event.event_id
            order by event.modified_at desc, event.ingested_at desc, event.source_row desc, event.record_hash desc
        ) as age
    from bronze.emr_access_events as event
    where event.event_type <> 'authorization'
),

done as (
    select
        version.*,
        case
            when version.event_type = 'eligibility' then 'insurance_verified'
            when version.event_type = 'registration_qa' and lower(version.status) = 'error' then 'registration_error'
            else version.event_type
        end as what,
        case when version.event_type = 'fa_application' then version.requested_at end as applied_at,
        case when version.event_type <> 'fa_application' or version.decided_at is null then version.status end
            as outcome
    from version
    where
        version.age = 1
        and (version.event_type <> 'eligibility' or coalesce(lower(version.status) = 'active', false))

    union all

    select
        version.*,
        'fa_decision' as what,
        version.decided_at as applied_at,
        version.status as outcome
    from version
    where version.age = 1 and version.event_type = 'fa_application' and version.decided_at is not null
)

select
    event.org_id,
    event.source_system_id,
    concat(event.file_id, '#', cast(event.source_row as text)) as source_record_id,
    event.load_id,
    event.record_hash,
    event.ingested_at as loaded_at,
    sha256(concat_ws('|', event.org_id, event.source_system_id, event.event_id, event.what)) as access_event_key,
    coalesce(own.account_key, entity_account.account_key, org_account.account_key) as account_key,
    event.what as event_type,
    coalesce(event.applied_at, event.event_at) as event_at,
    event.amount,
    event.outcome,
    cast(null as text) as user_id,
    event.event_id,
    event.encounter_id
from done as event
left join reference.source as source
    on
        event.org_id = source.org_id
        and event.source_system_id = source.source_system_id
left join silver.encounter_account as own
    on
        event.org_id = own.org_id
        and own.scope_type = 'source'
        and event.source_system_id = own.scope
        and event.encounter_id = own.encounter_id
left join silver.encounter_account as entity_account
    on
        event.org_id = entity_account.org_id
        and entity_account.scope_type = 'entity'
        and source.entity_id = entity_account.scope
        and event.encounter_id = entity_account.encounter_id
left join silver.encounter_account as org_account
    on
        event.org_id = org_account.org_id
        and org_account.scope_type = 'org'
        and event.encounter_id = org_account.encounter_id
