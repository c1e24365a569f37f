-- One row per source and bronze table whose newest day brought less than half or more than twice what its weekday usually
-- brings: the median of that weekday over the eight weeks before, once four of them brought anything.
-- of: silver.delivery_day
-- rule: ALL-04 warn: row count outside the usual range of the weekday
-- grain: org_id, rule_id, record_key
-- load: full

with ranked as (
    select
        day.*,
        row_number() over (
            partition by day.org_id, day.source_system_id, day.table_name order by day.ingested_date desc
        ) as age
    from silver.delivery_day as day
),

usual as (
    select
        newest.org_id,
        newest.source_system_id,
        newest.table_name,
        newest.ingested_date,
        newest.row_count,
        quantile_cont(cast(earlier.row_count as double), 0.5) as usual_count
    from ranked as newest
    inner join silver.delivery_day as earlier
        on
            newest.org_id = earlier.org_id
            and newest.source_system_id = earlier.source_system_id
            and newest.table_name = earlier.table_name
            and date_diff('day', earlier.ingested_date, newest.ingested_date) in (7, 14, 21, 28, 35, 42, 49, 56)
    where newest.age = 1
    group by newest.org_id, newest.source_system_id, newest.table_name, newest.ingested_date, newest.row_count
    having count(*) >= 4
)

select
    usual.org_id,
    usual.source_system_id,
    'ALL-04' as rule_id,
    sha256(concat_ws('|', usual.org_id, usual.source_system_id, usual.table_name, cast(usual.ingested_date as text)))
        as record_key,
    cast(null as text) as source_record_id
from usual
where 2 * usual.row_count < usual.usual_count or usual.row_count > 2 * usual.usual_count
