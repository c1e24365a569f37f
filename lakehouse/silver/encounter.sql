-- One row per billing account: the newest version of its encounter.
-- Several encounters on one account (a recurring account, a combined stay) give one row: the one whose id is the
-- account id, else the earliest; its discharge and final bill stand for the account.
-- grain: org_id, account_key
-- load: full
-- partition: org_id
-- checks: account_key unique, entity_id not null

with version as (
    select
        encounter.*,
        row_number() over (
            partition by encounter.org_id, encounter.source_system_id, encounter.encounter_id
            order by
                encounter.modified_at desc, encounter.ingested_at desc, encounter.source_row desc,
                encounter.record_hash desc
        ) as age
    from bronze.emr_encounters as encounter
    where encounter.encounter_id is not null
),

placed as (
    select
        encounter.*,
        account.account_key,
        account.account_id as billed_account_id,
        account.patient_key,
        account.entity_id as billed_entity_id,
        account.billing_type as account_billing_type,
        row_number() over (
            partition by encounter.org_id, account.account_key
            order by
                case when encounter.encounter_id = account.account_id then 1 else 2 end,
                coalesce(encounter.admit_at, encounter.arrival_at, encounter.scheduled_at),
                encounter.encounter_id, encounter.source_system_id
        ) as place
    from version as encounter
    inner join silver.encounter_account as account
        on
            encounter.org_id = account.org_id
            and account.scope_type = 'source'
            and encounter.source_system_id = account.scope
            and encounter.encounter_id = account.encounter_id
    where encounter.age = 1
)

select
    encounter.org_id,
    encounter.source_system_id,
    concat(encounter.file_id, '#', cast(encounter.source_row as text)) as source_record_id,
    encounter.load_id,
    encounter.record_hash,
    encounter.ingested_at as loaded_at,
    encounter.account_key,
    encounter.encounter_id,
    encounter.billed_account_id as account_id,
    encounter.patient_key,
    encounter.billed_entity_id as entity_id,
    encounter.facility_id,
    encounter.department_id,
    encounter.attending_provider_id,
    encounter.rendering_provider_id,
    encounter.encounter_class,
    encounter.account_billing_type as billing_type,
    encounter.admit_source,
    encounter.admit_type,
    encounter.arrival_at,
    encounter.admit_at,
    encounter.discharge_at,
    cast(null as timestamp) as depart_at,
    encounter.discharge_status,
    encounter.scheduled_at,
    encounter.financial_class,
    encounter.drg_code,
    cast(null as decimal(8, 4)) as drg_weight,
    cast(null as decimal(6, 2)) as gmlos,
    encounter.principal_dx,
    encounter.coded_at,
    encounter.final_bill_date,
    cast(null as timestamp) as note_signed_at,
    cast(null as decimal(18, 2)) as total_cost_amount,
    encounter.is_auth_required
from placed as encounter
where encounter.place = 1
