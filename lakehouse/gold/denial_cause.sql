-- One row per adjudication that denies: what it denied, the category it is counted under and the code that stands for it.
-- The category with the largest denied amount wins (tie: first in the alphabet); inside it the reason code with the
-- largest amount (tie: smallest code). A remark can move a code to another category; the code keeps its own stage.
-- A code missing from the code set has category 'unmapped', stage 'back', and is not avoidable.
-- grain: org_id, claim_payment_key
-- load: full
-- partition: org_id
-- checks: denial_category not null, denied_amount not null

with amount as (
    select
        adjustment.org_id,
        adjustment.claim_payment_key,
        adjustment.denial_category,
        adjustment.carc,
        sum(adjustment.amount) as denied_amount
    from silver.claim_adjustment as adjustment
    where adjustment.is_denial
    group by
        adjustment.org_id,
        adjustment.claim_payment_key,
        adjustment.denial_category,
        adjustment.carc
),

totalled as (
    select
        amount.*,
        sum(amount.denied_amount) over (
            partition by amount.org_id, amount.claim_payment_key, amount.denial_category
        ) as category_amount,
        sum(amount.denied_amount) over (partition by amount.org_id, amount.claim_payment_key) as claim_amount
    from amount
),

ranked as (
    select
        totalled.*,
        row_number() over (
            partition by totalled.org_id, totalled.claim_payment_key
            order by
                totalled.category_amount desc,
                totalled.denial_category,
                totalled.denied_amount desc,
                totalled.carc
        ) as position
    from totalled
)

select
    ranked.org_id,
    ranked.claim_payment_key,
    ranked.denial_category,
    ranked.carc,
    case
        when ranked.denial_category = 'unmapped' or reason.stage is null then 'back'
        else reason.stage
    end as stage,
    ranked.denial_category <> 'unmapped' and coalesce(reason.avoidable = 'yes', false) as is_avoidable,
    cast(ranked.claim_amount as decimal(18, 2)) as denied_amount
from ranked
left join reference.carc as reason on ranked.carc = reason.carc
where ranked.position = 1
