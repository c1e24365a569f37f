-- One row per denial case: the consecutive adjudications of a claim that carry the same denial category.
-- A case opens with its first adjudication: that gives the date, the origin and the denied amount; later denials of the
-- same category continue it. The reason code that stands for the case is the one with the largest amount at the opening
-- (tie: smallest code). A remark that makes the claim unprocessable (MA130) leaves no right to appeal.
-- grain: org_id, denial_key
-- load: full
-- partition: org_id
-- checks: opened_date not null, denied_charge_amount not null

with event as (
    select
        event.*,
        min(event.adjudication_no) over (
            partition by event.org_id, event.denial_key
        ) as first_adjudication_no
    from silver.denial_event as event
),

reason as (
    select
        event.org_id,
        event.denial_key,
        event.carc,
        row_number() over (
            partition by event.org_id, event.denial_key order by sum(event.denied_charge_amount) desc, event.carc
        ) as position
    from event
    where event.adjudication_no = event.first_adjudication_no
    group by event.org_id, event.denial_key, event.carc
)

select
    event.org_id,
    event.denial_key,
    event.claim_key,
    event.denial_category,
    reason.carc,
    min(event.event_date) as opened_date,
    max(case when event.adjudication_no = event.first_adjudication_no then event.denial_origin end) as denial_origin,
    cast(
        sum(case when event.adjudication_no = event.first_adjudication_no then event.denied_charge_amount end)
        as decimal(18, 2)
    ) as denied_charge_amount,
    max(event.adjudication_no) as last_adjudication_no,
    bool_and(event.group_code = 'PR') as is_patient_liability,
    bool_or(coalesce(event.is_rfi, false)) as is_rfi,
    not bool_or(coalesce(list_contains(event.remark_codes, 'MA130'), false)) as is_appealable
from event
inner join reason
    on
        event.org_id = reason.org_id
        and event.denial_key = reason.denial_key
        and reason.position = 1
group by event.org_id, event.denial_key, event.claim_key, event.denial_category, reason.carc
