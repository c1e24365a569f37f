-- One row per snapshot, account and responsibility bucket: the open amount, its ages and what it is expected to bring.
-- Balances below zero are credits, shown apart and never netted into an ageing bucket. A negative age is aged as day 0;
-- amounts not yet billed have no bucket since final bill. The prior bucket and balance are those of the same row at the
-- month end before the snapshot. Expected: payer and unbilled amounts at the primary claim's expected allowed over its
-- charge (null when the contract is unknown), patient amounts at the liquidation rate of their age, credits nothing.
-- grain: org_id, snapshot_date, account_key, ar_bucket
-- load: full
-- partition: org_id
-- checks: balance_amount not null, entity_id not null, payer_class not null

with day_of_age as (
    select row_number() over (order by calendar.date) - 1 as age_days
    from reference.calendar as calendar
),

age as (
    select
        day_of_age.age_days,
        ar_bucket.bucket,
        cast(round(liquidation.rate * 1000000) as bigint) as liquidation_millionths
    from day_of_age
    inner join reference.ar_bucket as ar_bucket
        on day_of_age.age_days between ar_bucket.from_days and ar_bucket.to_days
    left join reference.patient_liquidation as liquidation on ar_bucket.bucket = liquidation.bucket
    where day_of_age.age_days <= 366
),

bucketed as (
    select
        position.*,
        by_service.bucket as bucket_service,
        by_discharge.bucket as bucket_discharge,
        by_final_bill.bucket as bucket_final_bill,
        by_responsibility.bucket as bucket_responsibility,
        by_service.liquidation_millionths,
        case when position.balance_amount <= 20000000 then cast(round(position.balance_amount * 100) as bigint) end
            as balance_cents
    from gold.ar_position as position
    left join age as by_service
        on
            position.age_from_service is not null
            and least(greatest(position.age_from_service, 0), 366) = by_service.age_days
    left join age as by_discharge
        on
            position.age_from_discharge is not null
            and least(greatest(position.age_from_discharge, 0), 366) = by_discharge.age_days
    left join age as by_final_bill
        on
            position.ar_bucket in ('insurance', 'pending_secondary', 'patient')
            and position.age_from_final_bill is not null
            and least(greatest(position.age_from_final_bill, 0), 366) = by_final_bill.age_days
    left join age as by_responsibility
        on
            position.age_from_responsibility is not null
            and least(greatest(position.age_from_responsibility, 0), 366) = by_responsibility.age_days
)

select
    bucketed.org_id,
    account.entity_id,
    account.facility_id,
    account.department_id,
    account.provider_id,
    bucketed.payer_id,
    bucketed.payer_class,
    account.billing_type,
    account.patient_key,
    bucketed.snapshot_date,
    bucketed.account_key,
    bucketed.claim_key,
    bucketed.ar_bucket,
    bucketed.ar_bucket in ('insurance', 'pending_secondary', 'patient', 'patient_plan') as is_billed,
    bucketed.ar_bucket in ('insurance', 'pending_secondary') as is_insurance,
    bucketed.payer_sequence,
    bucketed.balance_amount,
    cast(greatest(bucketed.balance_amount, 0) as decimal(18, 2)) as debit_balance_amount,
    cast(greatest(-bucketed.balance_amount, 0) as decimal(18, 2)) as credit_balance_amount,
    cast(
        case
            when bucketed.ar_bucket = 'credit' then cast(0 as bigint)
            when bucketed.ar_bucket = 'patient'
                then (2 * bucketed.balance_cents * bucketed.liquidation_millionths + 1000000) // 2000000
            else
                (2 * bucketed.balance_cents * bucketed.expected_cents + bucketed.charge_cents)
                // nullif(2 * bucketed.charge_cents, 0)
        end * cast(0.01 as decimal(3, 2)) as decimal(18, 2)
    ) as expected_net_amount,
    bucketed.age_from_service,
    bucketed.age_from_discharge,
    bucketed.age_from_final_bill,
    bucketed.age_from_responsibility,
    bucketed.bucket_service,
    bucketed.bucket_discharge,
    bucketed.bucket_final_bill,
    bucketed.bucket_responsibility,
    earlier.bucket_discharge as prior_bucket_discharge,
    earlier.balance_amount as prior_balance_amount,
    bucketed.days_since_submission,
    bucketed.days_since_payer_response,
    bucketed.days_since_followup,
    bucketed.is_denied_open
from bucketed
inner join gold.account as account
    on
        bucketed.org_id = account.org_id
        and bucketed.account_key = account.account_key
left join bucketed as earlier
    on
        bucketed.org_id = earlier.org_id
        and bucketed.account_key = earlier.account_key
        and bucketed.ar_bucket = earlier.ar_bucket
        and bucketed.prior_month_end = earlier.snapshot_date
