-- One row per source, bronze table and day on which rows of it were loaded: how many.
-- Repeated records are not counted, they were not loaded. Tables that bring news every day are here, code lists are not.
-- grain: org_id, source_system_id, table_name, ingested_date
-- load: full
-- partition: org_id
-- checks: row_count > 0

with delivered as (
    select
        org_id,
        source_system_id,
        'bronze.bank_deposits' as table_name,
        cast(ingested_at as date) as ingested_date
    from bronze.bank_deposits

    union all

    select
        org_id,
        source_system_id,
        'bronze.claims_flat' as table_name,
        cast(ingested_at as date) as ingested_date
    from bronze.claims_flat

    union all

    select
        org_id,
        source_system_id,
        'bronze.coding_events' as table_name,
        cast(ingested_at as date) as ingested_date
    from bronze.coding_events

    union all

    select
        org_id,
        source_system_id,
        'bronze.emr_access_events' as table_name,
        cast(ingested_at as date) as ingested_date
    from bronze.emr_access_events

    union all

    select
        org_id,
        source_system_id,
        'bronze.emr_appointments' as table_name,
        cast(ingested_at as date) as ingested_date
    from bronze.emr_appointments

    union all

    select
        org_id,
        source_system_id,
        'bronze.emr_charges' as table_name,
        cast(ingested_at as date) as ingested_date
    from bronze.emr_charges

    union all

    select
        org_id,
        source_system_id,
        'bronze.emr_coverages' as table_name,
        cast(ingested_at as date) as ingested_date
    from bronze.emr_coverages

    union all

    select
        org_id,
        source_system_id,
        'bronze.emr_encounters' as table_name,
        cast(ingested_at as date) as ingested_date
    from bronze.emr_encounters

    union all

    select
        org_id,
        source_system_id,
        'bronze.emr_patients' as table_name,
        cast(ingested_at as date) as ingested_date
    from bronze.emr_patients

    union all

    select
        org_id,
        source_system_id,
        'bronze.emr_transactions' as table_name,
        cast(ingested_at as date) as ingested_date
    from bronze.emr_transactions

    union all

    select
        org_id,
        source_system_id,
        'bronze.ops_call_center' as table_name,
        cast(ingested_at as date) as ingested_date
    from bronze.ops_call_center

    union all

    select
        org_id,
        source_system_id,
        'bronze.ops_staffing' as table_name,
        cast(ingested_at as date) as ingested_date
    from bronze.ops_staffing

    union all

    select
        org_id,
        source_system_id,
        'bronze.ops_work_queue' as table_name,
        cast(ingested_at as date) as ingested_date
    from bronze.ops_work_queue

    union all

    select
        org_id,
        source_system_id,
        'bronze.patient_billing' as table_name,
        cast(ingested_at as date) as ingested_date
    from bronze.patient_billing

    union all

    select
        org_id,
        source_system_id,
        'bronze.pharmacy_claims' as table_name,
        cast(ingested_at as date) as ingested_date
    from bronze.pharmacy_claims

    union all

    select
        org_id,
        source_system_id,
        'bronze.claims_837' as table_name,
        cast(ingested_at as date) as ingested_date
    from bronze.claims_837

    union all

    select
        org_id,
        source_system_id,
        'bronze.ack_277ca' as table_name,
        cast(ingested_at as date) as ingested_date
    from bronze.ack_277ca

    union all

    select
        org_id,
        source_system_id,
        'bronze.era_835' as table_name,
        cast(ingested_at as date) as ingested_date
    from bronze.era_835
)

select
    delivered.org_id,
    delivered.source_system_id,
    delivered.table_name,
    delivered.ingested_date,
    count(*) as row_count
from delivered
where delivered.ingested_date is not null
group by delivered.org_id, delivered.source_system_id, delivered.table_name, delivered.ingested_date
