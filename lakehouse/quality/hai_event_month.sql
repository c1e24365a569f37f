-- One row per facility and month without a report of infections, between its first month and the newest of the tenant.
-- of: silver.hai_event_month
-- rule: HAI-04 warn: month missing for a facility
-- grain: org_id, rule_id, record_key
-- load: full

with facility as (
    select
        event.org_id,
        event.facility_id,
        min(event.source_system_id) as source_system_id,
        cast(null as text) as source_record_id,
        min(event.period_month) as first_month
    from silver.hai_event_month as event
    group by event.org_id, event.facility_id
),

month as (
    select distinct
        event.org_id,
        event.period_month
    from silver.hai_event_month as event
)

select
    facility.org_id,
    facility.source_system_id,
    'HAI-04' as rule_id,
    sha256(concat_ws('|', facility.org_id, facility.facility_id, cast(month.period_month as text))) as record_key,
    facility.source_record_id
from facility
inner join month
    on
        facility.org_id = month.org_id
        and facility.first_month < month.period_month
left join silver.hai_event_month as event
    on
        month.org_id = event.org_id
        and facility.facility_id = event.facility_id
        and month.period_month = event.period_month
where event.hai_key is null
