-- One row per payment or adjustment transaction of an EMR, the newest version it sent, with its account and payer.
-- A transaction without an encounter is unapplied: it has an entity but no account. The payer sequence follows the
-- payment type; an adjustment that names no payer has none.
-- grain: org_id, transaction_key
-- load: full
-- partition: org_id
-- checks: transaction_key unique, warn: amount not null

with version as (
    select
        entry.*,
        row_number() over (
            partition by entry.org_id, entry.source_system_id, entry.transaction_id
            order by entry.modified_at desc, entry.ingested_at desc, entry.source_row desc, entry.record_hash desc
        ) as age
    from bronze.emr_transactions as entry
)

select
    entry.org_id,
    entry.source_system_id,
    concat(entry.file_id, '#', cast(entry.source_row as text)) as source_record_id,
    entry.load_id,
    entry.record_hash,
    entry.ingested_at as loaded_at,
    sha256(concat_ws('|', entry.org_id, entry.source_system_id, entry.transaction_id)) as transaction_key,
    entry.transaction_id,
    entry.transaction_type,
    coalesce(own.account_key, entity_account.account_key) as account_key,
    coalesce(own.entity_id, entity_account.entity_id, entry.entity_id, source.entity_id, entry.source_system_id)
        as entity_id,
    entry.encounter_id,
    entry.claim_id,
    case when entry.payer is not null then coalesce(identifier.payer_id, 'unmapped') end as payer_id,
    case entry.payment_type when 'primary' then 'P' when 'secondary' then 'S' when 'tertiary' then 'T' end
        as payer_sequence,
    entry.payment_source,
    entry.payment_type,
    entry.post_date,
    entry.deposit_date,
    entry.amount,
    entry.method,
    entry.channel,
    entry.trace_number,
    entry.adjustment_code,
    entry.adjustment_type,
    entry.writeoff_category,
    entry.group_code,
    entry.carc,
    case
        when entry.reverses_transaction_id is not null
            then sha256(concat_ws('|', entry.org_id, entry.source_system_id, entry.reverses_transaction_id))
    end as reverses_key,
    entry.user_id
from version as entry
left join reference.source as source
    on
        entry.org_id = source.org_id
        and entry.source_system_id = source.source_system_id
left join silver.encounter_account as own
    on
        entry.org_id = own.org_id
        and own.scope_type = 'source'
        and entry.source_system_id = own.scope
        and entry.encounter_id = own.encounter_id
left join silver.encounter_account as entity_account
    on
        entry.org_id = entity_account.org_id
        and entity_account.scope_type = 'entity'
        and coalesce(entry.entity_id, source.entity_id) = entity_account.scope
        and entry.encounter_id = entity_account.encounter_id
left join reference.payer_identifier as identifier
    on
        entry.org_id = identifier.org_id
        and upper(trim(entry.payer)) = identifier.identifier_upper
where entry.age = 1
