-- One row per provider, entity and month from the first charge to the horizon: capacity and what it produced.
-- The clinical share of full time and the specialty are those of the version valid at the month end, or of the first
-- version for months before it. Work and cash count where the provider is the account's provider. Relative value units
-- have no source yet.
-- grain: org_id, provider_id, entity_id, period_month
-- load: full
-- partition: org_id
-- checks: provider_id not null

with version as (
    select
        provider.org_id,
        provider.provider_id,
        coalesce(provider.entity_id, '') as entity_id,
        provider.department_id,
        provider.provider_type,
        provider.specialty,
        provider.provider_version_key,
        provider.clinical_fte,
        row_number() over (
            partition by provider.org_id, provider.provider_id, coalesce(provider.entity_id, '')
            order by provider.valid_from, provider.source_system_id
        ) as version_no,
        provider.valid_from,
        provider.valid_to
    from silver.provider as provider
),

month as (
    select
        snapshot_date.org_id,
        snapshot_date.date as period_month
    from gold.snapshot_date as snapshot_date
    inner join reference.calendar as calendar
        on
            snapshot_date.date = calendar.date
            and calendar.date = calendar.month_end
    where snapshot_date.is_snapshot
),

staffed as (
    select
        version.*,
        month.period_month,
        row_number() over (
            partition by version.org_id, version.provider_id, version.entity_id, month.period_month
            order by version.version_no desc
        ) as position
    from version
    inner join month
        on
            version.org_id = month.org_id
            and (version.version_no = 1 or cast(version.valid_from as date) <= month.period_month)
),

worked as (
    select
        account.org_id,
        account.provider_id,
        account.entity_id,
        calendar.month_end as period_month,
        count(*) as encounters
    from gold.account as account
    inner join reference.calendar as calendar on account.first_service_date = calendar.date
    group by account.org_id, account.provider_id, account.entity_id, calendar.month_end
),

collected as (
    select
        payment.org_id,
        payment.provider_id,
        payment.entity_id,
        calendar.month_end as period_month,
        sum(payment.amount) as net_collections
    from gold.fact_payment as payment
    inner join reference.calendar as calendar on payment.post_date = calendar.date
    group by payment.org_id, payment.provider_id, payment.entity_id, calendar.month_end
)

select
    staffed.org_id,
    nullif(staffed.entity_id, '') as entity_id,
    staffed.department_id,
    staffed.provider_id,
    entity.billing_type,
    staffed.period_month,
    cast(staffed.clinical_fte as decimal(8, 4)) as clinical_fte,
    coalesce(staffed.provider_type = 'physician', false) as is_physician,
    cast(null as decimal(14, 3)) as wrvu,
    cast(round(coalesce(worked.encounters, 0)) as integer) as encounters,
    cast(coalesce(collected.net_collections, 0) as decimal(18, 2)) as net_collections,
    staffed.specialty,
    staffed.provider_version_key
from staffed
left join reference.entity as entity
    on
        staffed.org_id = entity.org_id
        and staffed.entity_id = entity.entity_id
left join worked
    on
        staffed.org_id = worked.org_id
        and staffed.provider_id = worked.provider_id
        and staffed.entity_id = worked.entity_id
        and staffed.period_month = worked.period_month
left join collected
    on
        staffed.org_id = collected.org_id
        and staffed.provider_id = collected.provider_id
        and staffed.entity_id = collected.entity_id
        and staffed.period_month = collected.period_month
where staffed.position = 1
