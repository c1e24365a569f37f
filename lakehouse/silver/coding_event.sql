-- One row per coding completion, coding audit or documentation query, the newest delivery of it. An answer that comes as
-- an event of its own (query_response) is put to its query, the first one where there are several.
-- grain: org_id, coding_event_key
-- load: full
-- partition: org_id
-- checks: coding_event_key unique, event_at not null

with version as (
    select
        event.*,
        row_number() over (
            partition by
                event.org_id,
                event.source_system_id,
                event.event_id
            order by event.ingested_at desc, event.source_row desc, event.record_hash desc
        ) as age
    from bronze.coding_events as event
),

answer as (
    select
        event.org_id,
        event.source_system_id,
        event.query_id,
        event.event_at,
        event.query_agreed,
        row_number() over (
            partition by event.org_id, event.source_system_id, event.query_id
            order by event.event_at, event.event_id
        ) as turn
    from version as event
    where event.age = 1 and event.event_type = 'query_response'
)

select
    event.org_id,
    event.source_system_id,
    concat(event.file_id, '#', cast(event.source_row as text)) as source_record_id,
    event.load_id,
    event.record_hash,
    event.ingested_at as loaded_at,
    sha256(concat_ws('|', event.org_id, event.source_system_id, event.event_id)) as coding_event_key,
    coalesce(own.account_key, entity_account.account_key) as account_key,
    case event.event_type when 'audited' then 'audit' else event.event_type end as event_type,
    event.event_at,
    event.coder_id,
    event.codes_reviewed,
    event.codes_correct,
    event.drg_before,
    event.drg_after,
    coalesce(event.query_responded_at, answer.event_at) as query_responded_at,
    coalesce(event.query_agreed, answer.query_agreed) as query_agreed,
    event.event_id
from version as event
left join answer
    on
        event.org_id = answer.org_id
        and event.source_system_id = answer.source_system_id
        and event.event_type = 'query'
        and event.event_id = answer.query_id
        and answer.turn = 1
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
where event.age = 1 and event.event_type <> 'query_response'
