-- One row per statement, payment plan or agency event of patient billing, the newest delivery of it, with its account.
-- An encounter is looked for in the event's own source, then in the entity of that source, then in the whole tenant,
-- where it must mean one account only.
-- grain: org_id, billing_event_key
-- load: full
-- partition: org_id
-- checks: billing_event_key unique, event_type not null, warn: account_key not null

with version as (
    select
        event.*,
        row_number() over (
            partition by event.org_id, event.source_system_id, event.event_id
            order by event.ingested_at desc, event.source_row desc, event.record_hash desc
        ) as age
    from bronze.patient_billing as event
)

select
    event.org_id,
    event.source_system_id,
    concat(event.file_id, '#', cast(event.source_row as text)) as source_record_id,
    event.load_id,
    event.record_hash,
    event.ingested_at as loaded_at,
    sha256(concat_ws('|', event.org_id, event.source_system_id, event.event_id)) as billing_event_key,
    event.event_id,
    event.event_type,
    event.event_date,
    event.amount,
    event.plan_id,
    event.term_months,
    event.agency,
    event.encounter_id,
    coalesce(own.account_key, entity_account.account_key, org_account.account_key) as account_key,
    coalesce(own.entity_id, entity_account.entity_id, org_account.entity_id, source.entity_id) as entity_id
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
where event.age = 1
