-- One row per question to a payer whether a patient is covered (270/271), the newest state of its access event.
-- The result is what the source says; without an answer it is null. Whether another payer was named is not delivered.
-- grain: org_id, eligibility_key
-- load: full
-- partition: org_id
-- checks: eligibility_key unique, warn: result in ('active', 'inactive', 'not_found', 'error')

with version as (
    select
        event.*,
        row_number() over (
            partition by event.org_id, event.source_system_id, event.event_id
            order by event.modified_at desc, event.ingested_at desc, event.source_row desc, event.record_hash desc
        ) as age
    from bronze.emr_access_events as event
    where event.event_type = 'eligibility'
)

select
    event.org_id,
    event.source_system_id,
    concat(event.file_id, '#', cast(event.source_row as text)) as source_record_id,
    event.load_id,
    event.record_hash,
    event.ingested_at as loaded_at,
    sha256(concat_ws('|', event.org_id, event.source_system_id, event.event_id)) as eligibility_key,
    coalesce(own.account_key, entity_account.account_key, org_account.account_key) as account_key,
    coalesce(own.patient_key, entity_account.patient_key, org_account.patient_key) as patient_key,
    case when event.payer is not null then coalesce(identifier.payer_id, 'unmapped') end as payer_id,
    event.event_at as checked_at,
    lower(event.status) as result,
    cast(null as boolean) as other_payer_found,
    event.encounter_id
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
left join reference.payer_identifier as identifier
    on
        event.org_id = identifier.org_id
        and upper(trim(event.payer)) = identifier.identifier_upper
where event.age = 1
