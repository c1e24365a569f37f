-- One row per acknowledgement, or submission without one, that breaks a rule. An acknowledgement that names no claim, or a
-- claim nobody sent, is held. Acceptance after a rejection contradicts it when the same actor says so of the same
-- submission. A submission waits for its acknowledgement four days, which is two business days over any weekend.
-- of: silver.claim_ack_event
-- key: ack_event_key
-- rule: ACK-01 quarantine: category is not allowed in a claim acknowledgement
-- rule: ACK-02 quarantine: acknowledgement without claim trace number
-- rule: ACK-03 quarantine: acknowledgement for an unknown claim
-- rule: ACK-04 warn: acknowledgement fits several submissions
-- rule: ACK-05 warn: acknowledged before submission
-- rule: ACK-06 warn: action and category contradict
-- rule: ACK-07 warn: acknowledged charge differs from submitted
-- rule: ACK-09 warn: submission without acknowledgement
-- rule: ACK-10 warn: contradictory acknowledgements
-- grain: org_id, rule_id, record_key
-- load: full

with untraced as (
    select
        status.org_id,
        sha256(concat_ws(
            '|', status.org_id, status.file_id, coalesce(cast(status.transaction_no as text), ''),
            coalesce(cast(status.status_no as text), ''), cast(status.source_row as text)
        )) as ack_event_key
    from bronze.ack_277ca as status
    where status.level = 'claim' and status.trn02 is null
),

judged as (
    select
        event.*,
        coalesce(category.is_acknowledgement or category.category_code like 'E%', false) as is_known,
        coalesce(category.is_accepted, false) as is_accepted,
        submission.submitted_date,
        submission.total_charge_amount
    from silver.claim_ack_event as event
    left join reference.claim_status_category as category on event.category_code = category.category_code
    left join silver.claim_submission as submission
        on
            event.org_id = submission.org_id
            and event.submission_key = submission.submission_key
),

refused as (
    select
        judged.org_id,
        judged.submission_key,
        judged.ack_source,
        min(judged.received_at) as received_at
    from judged
    where judged.is_rejected and judged.submission_key is not null
    group by judged.org_id, judged.submission_key, judged.ack_source
),

newest as (
    select
        judged.org_id,
        max(judged.ack_date) as ack_date
    from judged
    group by judged.org_id
),

heard as (
    select distinct
        judged.org_id,
        judged.submission_key
    from judged
    where judged.submission_key is not null
)

select
    event.org_id,
    event.source_system_id,
    'ACK-01' as rule_id,
    event.ack_event_key as record_key,
    event.source_record_id
from judged as event
where event.category_code is not null and not event.is_known

union all

select
    event.org_id,
    event.source_system_id,
    'ACK-02' as rule_id,
    event.ack_event_key as record_key,
    event.source_record_id
from judged as event
inner join untraced
    on
        event.org_id = untraced.org_id
        and event.ack_event_key = untraced.ack_event_key

union all

select
    event.org_id,
    event.source_system_id,
    'ACK-03' as rule_id,
    event.ack_event_key as record_key,
    event.source_record_id
from judged as event
where event.match_status = 'unmatched'

union all

select
    event.org_id,
    event.source_system_id,
    'ACK-04' as rule_id,
    event.ack_event_key as record_key,
    event.source_record_id
from judged as event
where event.match_status = 'ambiguous'

union all

select
    event.org_id,
    event.source_system_id,
    'ACK-05' as rule_id,
    event.ack_event_key as record_key,
    event.source_record_id
from judged as event
where event.effective_date < event.submitted_date

union all

select
    event.org_id,
    event.source_system_id,
    'ACK-06' as rule_id,
    event.ack_event_key as record_key,
    event.source_record_id
from judged as event
where
    (event.action_code = 'U' and event.category_code not in ('A3', 'A6', 'A7', 'A8'))
    or (event.action_code = 'WQ' and event.category_code not in ('A1', 'A2', 'A5'))

union all

select
    event.org_id,
    event.source_system_id,
    'ACK-07' as rule_id,
    event.ack_event_key as record_key,
    event.source_record_id
from judged as event
where event.level = 'claim' and abs(event.charge_amount - event.total_charge_amount) > 0.01

union all

select
    submission.org_id,
    submission.source_system_id,
    'ACK-09' as rule_id,
    submission.submission_key as record_key,
    submission.source_record_id
from silver.claim_submission as submission
inner join newest on submission.org_id = newest.org_id
left join heard
    on
        submission.org_id = heard.org_id
        and submission.submission_key = heard.submission_key
where
    submission.medium = 'edi'
    and heard.submission_key is null
    and date_diff('day', submission.submitted_date, newest.ack_date) > 4

union all

select
    event.org_id,
    event.source_system_id,
    'ACK-10' as rule_id,
    event.ack_event_key as record_key,
    event.source_record_id
from judged as event
inner join refused
    on
        event.org_id = refused.org_id
        and event.submission_key = refused.submission_key
        and event.ack_source = refused.ack_source
where event.is_accepted and event.received_at > refused.received_at
