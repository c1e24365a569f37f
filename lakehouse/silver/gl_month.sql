-- One row per entity, billing type, payer class, month and measure of the general ledger, the newest delivery.
-- Accounts of one measure are added up. The month is named by its last day.
-- grain: org_id, entity_id, billing_type, payer_class, period_month, measure
-- load: full
-- partition: org_id
-- checks: gl_month_key unique, warn: amount not null

with version as (
    select
        entry.*,
        row_number() over (
            partition by
                entry.org_id, entry.source_system_id, entry.entity_id, entry.billing_type, entry.payer_class,
                entry.period_month, entry.gl_account, entry.measure
            order by entry.ingested_at desc, entry.source_row desc, entry.record_hash desc
        ) as age
    from bronze.gl_monthly as entry
),

month as (
    select
        version.org_id,
        coalesce(version.entity_id, source.entity_id, version.source_system_id) as entity_id,
        version.billing_type,
        version.payer_class,
        version.period_month,
        version.measure,
        min(version.source_system_id) as source_system_id,
        min(concat(version.file_id, '#', cast(version.source_row as text))) as source_record_id,
        max(version.load_id) as load_id,
        max(version.record_hash) as record_hash,
        max(version.ingested_at) as loaded_at,
        min(version.gl_account) as gl_account,
        cast(sum(version.amount) as decimal(18, 2)) as amount,
        bool_and(coalesce(version.is_closed, false)) as is_closed
    from version
    left join reference.source as source
        on
            version.org_id = source.org_id
            and version.source_system_id = source.source_system_id
    where version.age = 1
    group by
        version.org_id, coalesce(version.entity_id, source.entity_id, version.source_system_id),
        version.billing_type, version.payer_class, version.period_month, version.measure
)

select
    month.org_id,
    month.source_system_id,
    month.source_record_id,
    month.load_id,
    month.record_hash,
    month.loaded_at,
    sha256(concat_ws(
        '|', month.org_id, month.entity_id, coalesce(month.billing_type, ''), coalesce(month.payer_class, ''),
        coalesce(cast(month.period_month as text), ''), coalesce(month.measure, '')
    )) as gl_month_key,
    month.entity_id,
    month.period_month,
    month.measure,
    month.amount,
    month.is_closed,
    month.billing_type,
    month.payer_class,
    month.gl_account
from month
