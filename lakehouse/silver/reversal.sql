-- One row per reversal (CLP02 22) and the claim payment it takes back.
-- Reversals and adjudications of a claim open and close like parentheses: a 22 takes back the latest adjudication before
-- it that no other 22 took back, among those with its payer control number (CLP07); a 22 that finds none there looks
-- among the adjudications left over whose charge is its own charge negated. A 22 that finds none at all has no row: it
-- usually takes back a payment older than the loaded history.
-- Payments without a claim are paired under their own claim number.
-- grain: org_id, claim_payment_key
-- load: full
-- partition: org_id
-- checks: claim_payment_key unique, reverses_key unique

with payment as (
    select
        payment.org_id,
        payment.claim_payment_key,
        coalesce(payment.claim_key, concat(payment.entity_id, '|', coalesce(payment.claim_id, ''))) as subject,
        payment.payer_claim_control_number as control_number,
        abs(payment.charge_amount) as charge_amount,
        payment.is_reversal,
        row_number() over (
            partition by payment.org_id
            order by payment.remit_date, payment.trace_number, payment.clp_ordinal, payment.claim_payment_key
        ) as place
    from silver.claim_payment_match as payment
    where payment.is_adjudication or payment.is_reversal
),

reversed_subject as (
    select
        payment.org_id,
        payment.subject
    from payment
    where payment.is_reversal
    group by payment.org_id, payment.subject
),

in_play as (
    select payment.*
    from payment
    inner join reversed_subject
        on
            payment.org_id = reversed_subject.org_id
            and payment.subject = reversed_subject.subject
),

stacked as (
    select
        in_play.*,
        sum(case when in_play.is_reversal then -1 else 1 end) over (
            partition by in_play.org_id, in_play.subject, in_play.control_number
            order by in_play.place
            rows between unbounded preceding and current row
        ) + case when in_play.is_reversal then 1 else 0 end as depth
    from in_play
    where in_play.control_number is not null
),

by_number as (
    select
        stacked.*,
        lag(stacked.claim_payment_key) over (
            partition by stacked.org_id, stacked.subject, stacked.control_number, stacked.depth
            order by stacked.place
        ) as reverses_key
    from stacked
),

linked as (
    select
        by_number.org_id,
        by_number.claim_payment_key,
        by_number.reverses_key
    from by_number
    where by_number.is_reversal and by_number.reverses_key is not null
),

used as (
    select
        linked.org_id,
        linked.claim_payment_key
    from linked

    union all

    select
        linked.org_id,
        linked.reverses_key as claim_payment_key
    from linked
),

left_over as (
    select
        in_play.*,
        sum(case when in_play.is_reversal then -1 else 1 end) over (
            partition by in_play.org_id, in_play.subject, in_play.charge_amount
            order by in_play.place
            rows between unbounded preceding and current row
        ) + case when in_play.is_reversal then 1 else 0 end as depth
    from in_play
    left join used
        on
            in_play.org_id = used.org_id
            and in_play.claim_payment_key = used.claim_payment_key
    where used.claim_payment_key is null and in_play.charge_amount is not null
),

by_charge as (
    select
        left_over.*,
        lag(left_over.claim_payment_key) over (
            partition by left_over.org_id, left_over.subject, left_over.charge_amount, left_over.depth
            order by left_over.place
        ) as reverses_key
    from left_over
)

select
    linked.org_id,
    cast(null as text) as source_system_id,
    cast(null as text) as source_record_id,
    cast(null as text) as load_id,
    cast(null as text) as record_hash,
    cast(null as timestamp) as loaded_at,
    linked.claim_payment_key,
    linked.reverses_key,
    'control_number' as link_method
from linked

union all

select
    by_charge.org_id,
    cast(null as text) as source_system_id,
    cast(null as text) as source_record_id,
    cast(null as text) as load_id,
    cast(null as text) as record_hash,
    cast(null as timestamp) as loaded_at,
    by_charge.claim_payment_key,
    by_charge.reverses_key,
    'charge' as link_method
from by_charge
where by_charge.is_reversal and by_charge.reverses_key is not null
