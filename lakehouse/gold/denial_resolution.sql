-- One row per denial case that ended, and how: the earliest of three ends counts.
-- (a) The adjudication after the case's last one, no longer carrying the category: 'paid' when it pays, 'partial' when it
-- pays while denying something else, 'patient_resp' when it pays nothing. (b) Denial or timely-filing write-offs on the
-- account since the case opened, net of their reversals: 'written_off' on the last of them. (c) Every adjustment of the
-- case is patient liability: 'patient_resp' on the day it opened. A case whose adjudication was only taken back is open.
-- grain: org_id, denial_key
-- load: full
-- partition: org_id
-- checks: resolved_date not null, resolution not null

with written_off as (
    select
        denial_case.org_id,
        denial_case.denial_key,
        sum(adjustment.amount) as writeoff_amount,
        max(adjustment.post_date) as writeoff_date
    from gold.denial_case as denial_case
    inner join gold.claim as claim
        on
            denial_case.org_id = claim.org_id
            and denial_case.claim_key = claim.claim_key
    inner join silver.adjustment as adjustment
        on
            claim.org_id = adjustment.org_id
            and claim.account_key = adjustment.account_key
            and adjustment.writeoff_category in ('denial', 'timely_filing')
            and adjustment.post_date >= denial_case.opened_date
    group by denial_case.org_id, denial_case.denial_key
),

ending as (
    select
        denial_case.org_id,
        denial_case.denial_key,
        payment.remit_date as resolved_date,
        1 as precedence,
        case
            when payment.paid_amount > 0 and cause.claim_payment_key is not null then 'partial'
            when payment.paid_amount > 0 then 'paid'
            else 'patient_resp'
        end as resolution,
        case when payment.paid_amount > 0 then payment.paid_amount else 0 end as recovered_amount,
        cast(0 as decimal(18, 2)) as writeoff_amount
    from gold.denial_case as denial_case
    inner join gold.adjudication as payment
        on
            denial_case.org_id = payment.org_id
            and denial_case.claim_key = payment.claim_key
            and denial_case.last_adjudication_no + 1 = payment.adjudication_no
    left join gold.denial_cause as cause
        on
            payment.org_id = cause.org_id
            and payment.claim_payment_key = cause.claim_payment_key

    union all

    select
        written_off.org_id,
        written_off.denial_key,
        written_off.writeoff_date as resolved_date,
        2 as precedence,
        'written_off' as resolution,
        0 as recovered_amount,
        written_off.writeoff_amount
    from written_off
    where written_off.writeoff_amount >= 0.01

    union all

    select
        denial_case.org_id,
        denial_case.denial_key,
        denial_case.opened_date as resolved_date,
        3 as precedence,
        'patient_resp' as resolution,
        0 as recovered_amount,
        0 as writeoff_amount
    from gold.denial_case as denial_case
    where denial_case.is_patient_liability
),

ranked as (
    select
        ending.*,
        row_number() over (
            partition by ending.org_id, ending.denial_key order by ending.resolved_date, ending.precedence
        ) as position
    from ending
)

select
    ranked.org_id,
    ranked.denial_key,
    ranked.resolved_date,
    ranked.resolution,
    cast(ranked.recovered_amount as decimal(18, 2)) as recovered_amount,
    cast(ranked.writeoff_amount as decimal(18, 2)) as writeoff_amount
from ranked
where ranked.position = 1
