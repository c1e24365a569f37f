-- One row per event of a work item (entered, touched, deferred, resolved) with the account it is about.
-- Work queues name encounters of other systems: the id is looked for in the event's own source, then in the entity of
-- that source, then in the whole tenant, where it must mean one account only. The claim is the account's only claim with
-- that number.
-- grain: org_id, work_item_key, event_type, event_at
-- load: full
-- partition: org_id
-- checks: work_item_key not null, event_at not null

with version as (
    select
        event.*,
        row_number() over (
            partition by event.org_id, event.source_system_id, event.item_id, event.event_type, event.event_at
            order by event.ingested_at desc, event.source_row desc, event.record_hash desc
        ) as age
    from bronze.ops_work_queue as event
),

claimed as (
    select
        claim.org_id,
        claim.account_key,
        claim.claim_id,
        min(claim.claim_key) as claim_key
    from silver.claim as claim
    group by claim.org_id, claim.account_key, claim.claim_id
    having count(*) = 1
)

select
    event.org_id,
    event.source_system_id,
    concat(event.file_id, '#', cast(event.source_row as text)) as source_record_id,
    event.load_id,
    event.record_hash,
    event.ingested_at as loaded_at,
    sha256(concat_ws('|', event.org_id, event.source_system_id, event.item_id)) as work_item_key,
    event.item_id,
    event.event_type,
    event.event_at,
    event.queue,
    event.item_type,
    event.due_at,
    event.user_id,
    event.team,
    event.minutes,
    event.encounter_id,
    coalesce(own.account_key, entity_account.account_key, org_account.account_key) as account_key,
    coalesce(own.entity_id, entity_account.entity_id, org_account.entity_id, source.entity_id) as entity_id,
    claimed.claim_key
from version as event
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
left join claimed
    on
        event.org_id = claimed.org_id
        and coalesce(own.account_key, entity_account.account_key, org_account.account_key) = claimed.account_key
        and event.claim_id = claimed.claim_id
where event.age = 1
