-- One row per charge posted to an account, the newest version the source sent; a credit is a negative row.
-- A charge of an encounter nobody delivered keeps its amount and has no account.
-- grain: org_id, charge_key
-- load: full
-- partition: org_id
-- checks: charge_key unique, warn: charge_amount not null

with version as (
    select
        charge.*,
        row_number() over (
            partition by charge.org_id, charge.source_system_id, charge.charge_id
            order by charge.modified_at desc, charge.ingested_at desc, charge.source_row desc, charge.record_hash desc
        ) as age
    from bronze.emr_charges as charge
)

select
    charge.org_id,
    charge.source_system_id,
    concat(charge.file_id, '#', cast(charge.source_row as text)) as source_record_id,
    charge.load_id,
    charge.record_hash,
    charge.ingested_at as loaded_at,
    sha256(concat_ws('|', charge.org_id, charge.source_system_id, charge.charge_id)) as charge_key,
    coalesce(own.account_key, account.account_key) as account_key,
    charge.charge_id,
    charge.service_date,
    charge.post_date,
    charge.department_id,
    charge.provider_id,
    charge.revenue_code,
    charge.procedure_code,
    string_split_regex(nullif(trim(charge.modifiers), ''), ' +') as modifiers,
    charge.units,
    charge.charge_amount,
    cast(null as decimal(18, 2)) as cost_amount,
    cast(null as decimal(10, 3)) as wrvu,
    cast(null as boolean) as is_recovered_by_audit,
    charge.encounter_id,
    coalesce(own.entity_id, account.entity_id, source.entity_id) as entity_id
from version as charge
left join reference.source as source
    on
        charge.org_id = source.org_id
        and charge.source_system_id = source.source_system_id
left join silver.encounter_account as own
    on
        charge.org_id = own.org_id
        and own.scope_type = 'source'
        and charge.source_system_id = own.scope
        and charge.encounter_id = own.encounter_id
left join silver.encounter_account as account
    on
        charge.org_id = account.org_id
        and account.scope_type = 'entity'
        and source.entity_id = account.scope
        and charge.encounter_id = account.encounter_id
where charge.age = 1
