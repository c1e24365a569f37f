-- One row per line of a bank statement, the newest delivery of it, with the payer its name stands for.
-- grain: org_id, bank_deposit_key
-- load: full
-- partition: org_id
-- checks: bank_deposit_key unique, warn: amount not null

with version as (
    select
        deposit.*,
        row_number() over (
            partition by deposit.org_id, deposit.source_system_id, deposit.deposit_id
            order by deposit.ingested_at desc, deposit.source_row desc, deposit.record_hash desc
        ) as age
    from bronze.bank_deposits as deposit
)

select
    deposit.org_id,
    deposit.source_system_id,
    concat(deposit.file_id, '#', cast(deposit.source_row as text)) as source_record_id,
    deposit.load_id,
    deposit.record_hash,
    deposit.ingested_at as loaded_at,
    sha256(concat_ws('|', deposit.org_id, deposit.source_system_id, deposit.deposit_id)) as bank_deposit_key,
    deposit.deposit_id,
    coalesce(deposit.entity_id, source.entity_id) as entity_id,
    deposit.deposit_date,
    deposit.amount,
    deposit.trace_number,
    deposit.payer_originator_id,
    deposit.deposit_type,
    case when deposit.payer is not null then coalesce(identifier.payer_id, 'unmapped') end as payer_id,
    deposit.batch_id
from version as deposit
left join reference.source as source
    on
        deposit.org_id = source.org_id
        and deposit.source_system_id = source.source_system_id
left join reference.payer_identifier as identifier
    on
        deposit.org_id = identifier.org_id
        and upper(trim(deposit.payer)) = identifier.identifier_upper
where deposit.age = 1
