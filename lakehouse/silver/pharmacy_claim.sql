-- One row per transaction of a pharmacy claim, its newest state. A reversal (B2) is a row of its own that carries the
-- amounts it takes back as the pharmacy states them.
-- grain: org_id, rx_claim_key
-- load: full
-- partition: org_id
-- checks: rx_claim_key unique, warn: fill_date not null

with version as (
    select
        fill.*,
        row_number() over (
            partition by fill.org_id, fill.source_system_id, fill.rx_claim_id
            order by fill.modified_at desc, fill.ingested_at desc, fill.source_row desc, fill.record_hash desc
        ) as age
    from bronze.pharmacy_claims as fill
)

select
    fill.org_id,
    fill.source_system_id,
    concat(fill.file_id, '#', cast(fill.source_row as text)) as source_record_id,
    fill.load_id,
    fill.record_hash,
    fill.ingested_at as loaded_at,
    sha256(concat_ws('|', fill.org_id, fill.source_system_id, fill.rx_claim_id)) as rx_claim_key,
    fill.rx_number,
    fill.fill_number,
    case
        when fill.patient_id is not null
            then sha256(concat_ws('|', fill.org_id, fill.source_system_id, fill.patient_id))
    end as patient_key,
    coalesce(own.account_key, entity_account.account_key) as account_key,
    case when fill.payer is not null then coalesce(identifier.payer_id, 'unmapped') end as payer_id,
    fill.pharmacy_npi,
    fill.prescriber_npi,
    fill.ndc,
    fill.quantity,
    fill.days_supply,
    fill.fill_date,
    fill.transaction_code,
    fill.response_status,
    fill.reject_codes,
    fill.ingredient_cost_paid,
    fill.dispensing_fee_paid,
    fill.patient_pay_amount,
    fill.total_paid_amount,
    fill.acquisition_cost,
    fill.is_generic
from version as fill
left join reference.source as source
    on
        fill.org_id = source.org_id
        and fill.source_system_id = source.source_system_id
left join silver.encounter_account as own
    on
        fill.org_id = own.org_id
        and own.scope_type = 'source'
        and fill.source_system_id = own.scope
        and fill.encounter_id = own.encounter_id
left join silver.encounter_account as entity_account
    on
        fill.org_id = entity_account.org_id
        and entity_account.scope_type = 'entity'
        and source.entity_id = entity_account.scope
        and fill.encounter_id = entity_account.encounter_id
left join reference.payer_identifier as identifier
    on
        fill.org_id = identifier.org_id
        and upper(trim(fill.payer)) = identifier.identifier_upper
where fill.age = 1
