-- One row per snapshot, entity, billing type, payer class and measure with what stood on the books at the end of the day.
-- Receivables are grouped by the account's payer class, as its charges and cash are, so that opening plus charges less
-- cash less adjustments is closing. Credits stay apart. Net A/R is the general ledger's of the latest month end by then.
-- Unapplied cash is the running sum of cash without an account.
-- grain: org_id, entity_id, billing_type, payer_class, date, measure
-- load: full
-- partition: org_id
-- checks: date not null, amount not null

with receivable as (
    select
        snapshot.*,
        account.payer_class as account_payer_class
    from gold.fact_ar_snapshot as snapshot
    inner join gold.account as account
        on
            snapshot.org_id = account.org_id
            and snapshot.account_key = account.account_key
),

ledger as (
    select
        month.org_id,
        month.entity_id,
        month.billing_type,
        coalesce(month.payer_class, 'other') as payer_class,
        month.period_month,
        sum(month.amount) as amount,
        lead(month.period_month) over (
            partition by month.org_id, month.entity_id, month.billing_type, coalesce(month.payer_class, 'other')
            order by month.period_month
        ) as next_month
    from silver.gl_month as month
    where month.measure = 'net_ar'
    group by
        month.org_id, month.entity_id, month.billing_type, coalesce(month.payer_class, 'other'), month.period_month
),

unapplied as (
    select
        payment.org_id,
        payment.entity_id,
        payment.billing_type,
        payment.payer_class,
        snapshot_date.snapshot_no,
        sum(payment.amount) as amount
    from gold.fact_payment as payment
    inner join gold.snapshot_date as snapshot_date
        on
            payment.org_id = snapshot_date.org_id
            and payment.post_date = snapshot_date.date
    where payment.is_unapplied
    group by
        payment.org_id, payment.entity_id, payment.billing_type, payment.payer_class, snapshot_date.snapshot_no
),

stock as (
    select
        org_id,
        entity_id,
        billing_type,
        account_payer_class as payer_class,
        snapshot_date as date,
        'total_ar' as measure,
        debit_balance_amount as amount
    from receivable

    union all

    select
        org_id,
        entity_id,
        billing_type,
        account_payer_class as payer_class,
        snapshot_date as date,
        'credit_balance' as measure,
        credit_balance_amount as amount
    from receivable

    union all

    select
        org_id,
        entity_id,
        billing_type,
        account_payer_class as payer_class,
        snapshot_date as date,
        'dnfb_amount' as measure,
        balance_amount as amount
    from receivable
    where ar_bucket = 'dnfb' and billing_type = 'HB'

    union all

    select
        org_id,
        entity_id,
        billing_type,
        account_payer_class as payer_class,
        snapshot_date as date,
        'fbns_amount' as measure,
        balance_amount as amount
    from receivable
    where ar_bucket = 'fbns'

    union all

    select
        org_id,
        entity_id,
        billing_type,
        account_payer_class as payer_class,
        snapshot_date as date,
        'unbilled_amount' as measure,
        balance_amount as amount
    from receivable
    where ar_bucket in ('dnfb', 'fbns') and billing_type = 'PB'

    union all

    select
        org_id,
        entity_id,
        billing_type,
        account_payer_class as payer_class,
        snapshot_date as date,
        'account_count' as measure,
        count(distinct account_key) as amount
    from receivable
    group by org_id, entity_id, billing_type, account_payer_class, snapshot_date

    union all

    select
        ledger.org_id,
        ledger.entity_id,
        ledger.billing_type,
        ledger.payer_class,
        snapshot_date.date,
        'net_ar' as measure,
        ledger.amount
    from ledger
    inner join gold.snapshot_date as snapshot_date
        on
            ledger.org_id = snapshot_date.org_id
            and snapshot_date.is_snapshot
            and snapshot_date.date >= ledger.period_month
            and snapshot_date.date < coalesce(ledger.next_month, date '9999-12-31')

    union all

    select
        unapplied.org_id,
        unapplied.entity_id,
        unapplied.billing_type,
        unapplied.payer_class,
        snapshot_date.date,
        'unapplied_cash' as measure,
        unapplied.amount
    from unapplied
    inner join gold.snapshot_date as snapshot_date
        on
            unapplied.org_id = snapshot_date.org_id
            and snapshot_date.is_snapshot
            and snapshot_date.snapshot_no >= unapplied.snapshot_no
)

select
    stock.org_id,
    stock.entity_id,
    stock.billing_type,
    stock.payer_class,
    stock.date,
    stock.measure,
    cast(sum(stock.amount) as decimal(18, 2)) as amount
from stock
group by stock.org_id, stock.entity_id, stock.billing_type, stock.payer_class, stock.date, stock.measure
