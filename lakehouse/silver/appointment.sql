-- One row per bookable slot or appointment, its newest state, with the account it became.
-- grain: org_id, appointment_key
-- load: full
-- partition: org_id
-- checks: appointment_key unique, slot_start not null

with version as (
    select
        slot.*,
        row_number() over (
            partition by slot.org_id, slot.source_system_id, slot.appointment_id
            order by slot.modified_at desc, slot.ingested_at desc, slot.source_row desc, slot.record_hash desc
        ) as age
    from bronze.emr_appointments as slot
)

select
    slot.org_id,
    slot.source_system_id,
    concat(slot.file_id, '#', cast(slot.source_row as text)) as source_record_id,
    slot.load_id,
    slot.record_hash,
    slot.ingested_at as loaded_at,
    sha256(concat_ws('|', slot.org_id, slot.source_system_id, slot.appointment_id)) as appointment_key,
    slot.appointment_id,
    slot.provider_id,
    slot.department_id,
    slot.slot_start,
    slot.slot_minutes,
    slot.status,
    coalesce(own.account_key, entity_account.account_key) as account_key,
    coalesce(own.entity_id, entity_account.entity_id, source.entity_id) as entity_id,
    case
        when slot.patient_id is not null
            then sha256(concat_ws('|', slot.org_id, slot.source_system_id, slot.patient_id))
    end as patient_key
from version as slot
left join reference.source as source
    on
        slot.org_id = source.org_id
        and slot.source_system_id = source.source_system_id
left join silver.encounter_account as own
    on
        slot.org_id = own.org_id
        and own.scope_type = 'source'
        and slot.source_system_id = own.scope
        and slot.encounter_id = own.encounter_id
left join silver.encounter_account as entity_account
    on
        slot.org_id = entity_account.org_id
        and entity_account.scope_type = 'entity'
        and source.entity_id = entity_account.scope
        and slot.encounter_id = entity_account.encounter_id
where slot.age = 1
