-- One row per snapshot that breaks a rule. A/R rolls forward when what every posting on its accounts adds up to by the day
-- is what the snapshot says, by entity and billing type; it is whole when each account's parts are its balance.
-- of: gold.fact_ar_snapshot
-- rule: ARS-01 fail: A/R roll-forward off
-- rule: ARS-02 fail: ageing buckets do not add up
-- rule: ARS-04 warn: negative age
-- rule: ARS-05 fail: balance in two buckets
-- grain: org_id, rule_id, record_key
-- load: full

with snapshot as (
    select
        day.org_id,
        day.date as snapshot_date
    from gold.snapshot_date as day
    where day.is_snapshot
),

posting as (
    select
        entry.org_id,
        account.entity_id,
        account.billing_type,
        entry.post_date,
        sum(entry.balance_amount) as amount
    from gold.ledger_entry as entry
    inner join gold.account as account
        on
            entry.org_id = account.org_id
            and entry.account_key = account.account_key
    inner join gold.snapshot_date as day
        on
            entry.org_id = day.org_id
            and entry.post_date = day.date
    group by entry.org_id, account.entity_id, account.billing_type, entry.post_date
),

unit as (
    select distinct
        posting.org_id,
        posting.entity_id,
        posting.billing_type
    from posting
),

movement as (
    select
        posting.org_id,
        posting.entity_id,
        posting.billing_type,
        posting.post_date as date,
        posting.amount,
        false as is_snapshot
    from posting

    union all

    select
        unit.org_id,
        unit.entity_id,
        unit.billing_type,
        snapshot.snapshot_date as date,
        cast(0 as decimal(18, 2)) as amount,
        true as is_snapshot
    from unit
    inner join snapshot on unit.org_id = snapshot.org_id
),

day as (
    select
        movement.org_id,
        movement.entity_id,
        movement.billing_type,
        movement.date,
        sum(movement.amount) as amount,
        bool_or(movement.is_snapshot) as is_snapshot
    from movement
    group by movement.org_id, movement.entity_id, movement.billing_type, movement.date
),

rolled as (
    select
        day.*,
        sum(day.amount) over (
            partition by day.org_id, day.entity_id, day.billing_type order by day.date
            rows between unbounded preceding and current row
        ) as balance_amount
    from day
),

closing as (
    select
        receivable.org_id,
        receivable.entity_id,
        receivable.billing_type,
        receivable.snapshot_date,
        sum(receivable.balance_amount) as balance_amount
    from gold.fact_ar_snapshot as receivable
    group by receivable.org_id, receivable.entity_id, receivable.billing_type, receivable.snapshot_date
),

parts as (
    select
        receivable.org_id,
        receivable.snapshot_date,
        receivable.account_key,
        sum(receivable.balance_amount) as balance_amount
    from gold.fact_ar_snapshot as receivable
    group by receivable.org_id, receivable.snapshot_date, receivable.account_key
),

compared as (
    select
        balance.org_id,
        balance.snapshot_date,
        balance.account_key,
        balance.balance_amount,
        coalesce(parts.balance_amount, 0) as bucket_amount
    from gold.ar_balance as balance
    left join parts
        on
            balance.org_id = parts.org_id
            and balance.snapshot_date = parts.snapshot_date
            and balance.account_key = parts.account_key
),

total as (
    select
        compared.org_id,
        compared.snapshot_date,
        sum(compared.balance_amount) as balance_amount,
        sum(compared.bucket_amount) as bucket_amount
    from compared
    group by compared.org_id, compared.snapshot_date
)

select
    rolled.org_id,
    cast(null as text) as source_system_id,
    'ARS-01' as rule_id,
    sha256(concat_ws('|', rolled.org_id, rolled.entity_id, rolled.billing_type, cast(rolled.date as text))) as record_key,
    cast(null as text) as source_record_id
from rolled
left join closing
    on
        rolled.org_id = closing.org_id
        and rolled.entity_id = closing.entity_id
        and rolled.billing_type = closing.billing_type
        and rolled.date = closing.snapshot_date
where rolled.is_snapshot and rolled.balance_amount <> coalesce(closing.balance_amount, 0)

union all

select
    total.org_id,
    cast(null as text) as source_system_id,
    'ARS-02' as rule_id,
    sha256(concat_ws('|', total.org_id, cast(total.snapshot_date as text))) as record_key,
    cast(null as text) as source_record_id
from total
where total.balance_amount <> total.bucket_amount

union all

select
    receivable.org_id,
    cast(null as text) as source_system_id,
    'ARS-04' as rule_id,
    sha256(concat_ws('|', receivable.account_key, receivable.ar_bucket, cast(receivable.snapshot_date as text))) as record_key,
    cast(null as text) as source_record_id
from gold.fact_ar_snapshot as receivable
where receivable.age_from_service < 0 or receivable.age_from_responsibility < 0

union all

select
    compared.org_id,
    cast(null as text) as source_system_id,
    'ARS-05' as rule_id,
    sha256(concat_ws('|', compared.account_key, cast(compared.snapshot_date as text))) as record_key,
    cast(null as text) as source_record_id
from compared
where compared.balance_amount <> compared.bucket_amount
