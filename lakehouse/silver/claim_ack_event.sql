-- One row per acknowledgement status of one claim: what a clearinghouse or the payer said before adjudication.
-- A 277CA status at claim or line level is one row, matched or not. A rejection of a whole batch, billing provider or
-- transaction set is a row for every claim underneath.
-- Rejected is A3, A6, A7, A8 or action U, from claim level up; A2 and A5 from the payer accept into adjudication, A1 is
-- only a receipt. A source of AY or a 999 is the clearinghouse, PR the payer.
-- grain: org_id, ack_event_key
-- load: full
-- partition: org_id
-- checks: ack_event_key unique, match_status in ('matched', 'ambiguous', 'unmatched')

with event as (
    select
        status.org_id,
        status.source_system_id,
        status.source_record_id,
        status.load_id,
        status.record_hash,
        status.loaded_at,
        status.ack_event_key,
        status.submission_key,
        '277ca' as ack_type,
        case when status.source_entity_code = 'AY' then 'clearinghouse' else 'payer' end as ack_source,
        status.level,
        status.category_code,
        status.status_code,
        status.entity_code,
        status.action_code,
        status.effective_date,
        status.charge_amount,
        status.payer_claim_control_number,
        status.received_at,
        status.match_method,
        status.match_status
    from silver.ack_match as status

    union all

    select
        refused.org_id,
        refused.source_system_id,
        refused.source_record_id,
        refused.load_id,
        refused.record_hash,
        refused.loaded_at,
        refused.ack_event_key,
        refused.submission_key,
        refused.ack_type,
        refused.ack_source,
        refused.level,
        refused.category_code,
        refused.status_code,
        refused.entity_code,
        refused.action_code,
        refused.effective_date,
        refused.charge_amount,
        refused.payer_claim_control_number,
        refused.received_at,
        refused.match_method,
        refused.match_status
    from silver.refused_claim as refused
),

judged as (
    select
        event.*,
        event.level <> 'line'
        and coalesce(event.action_code = 'U' or event.category_code in ('A3', 'A6', 'A7', 'A8'), false) as is_rejected
    from event
)

select
    event.org_id,
    event.source_system_id,
    event.source_record_id,
    event.load_id,
    event.record_hash,
    event.loaded_at,
    event.ack_event_key,
    event.submission_key,
    submission.claim_key,
    event.ack_type,
    event.ack_source,
    event.level,
    event.category_code,
    event.status_code,
    event.entity_code,
    event.action_code,
    event.effective_date,
    event.charge_amount,
    event.payer_claim_control_number,
    event.received_at,
    event.is_rejected,
    event.ack_source = 'payer' and event.level = 'claim' and not event.is_rejected
    and coalesce(event.category_code in ('A2', 'A5'), false) as is_accepted_adjudication,
    event.match_method,
    event.match_status,
    cast(event.received_at as date) as ack_date,
    case when event.is_rejected then event.ack_source end as rejected_by,
    submission.account_key
from judged as event
left join silver.claim_submission as submission
    on
        event.org_id = submission.org_id
        and event.submission_key = submission.submission_key
