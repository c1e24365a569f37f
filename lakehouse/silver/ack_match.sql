-- One row per claim or line status of a 277CA, and the transmission it acknowledges.
-- Best evidence first: CLM01 in the 2200D trace together with BHT03 in the 2200B trace ('batch_and_claim'); CLM01 with
-- the clearinghouse number REF*D9 ('clearinghouse_trace'); CLM01 with equal charge and service date where the
-- acknowledgement states them, sent before it ('claim_and_charge', probable); a claim of a flat file carries the day of
-- its export, not of its sending, so for it the order of days says nothing. Payer, charge and date then tell apart
-- transmissions with equal evidence. Of several transmissions of one obligation the last one sent before the
-- acknowledgement is meant; transmissions of different obligations are 'ambiguous' and name none.
-- grain: org_id, ack_event_key
-- load: full
-- partition: org_id
-- checks: ack_event_key unique, match_status in ('matched', 'ambiguous', 'unmatched')

with status as (
    select
        status.*,
        sha256(concat_ws(
            '|', status.org_id, status.file_id, coalesce(cast(status.transaction_no as text), ''),
            coalesce(cast(status.status_no as text), ''), cast(status.source_row as text)
        )) as ack_event_key,
        coalesce(status.acknowledged_at, cast(status.effective_date as timestamp), status.ingested_at) as received_at,
        coalesce(by_id.payer_id, by_name.payer_id) as payer_id
    from bronze.ack_277ca as status
    left join reference.payer_identifier as by_id
        on status.org_id = by_id.org_id and upper(trim(status.source_id)) = by_id.identifier_upper
    left join reference.payer_identifier as by_name
        on status.org_id = by_name.org_id and upper(trim(status.source_name)) = by_name.identifier_upper
    where status.level in ('claim', 'line')
),

evidence as (
    select
        status.org_id,
        status.ack_event_key,
        claim.submission_key,
        claim.period_key,
        claim.submitted_at,
        case
            when status.batch_reference = claim.batch_reference then 3
            when status.clearinghouse_trace = claim.clearinghouse_trace then 2
            when
                coalesce(status.charge_amount = claim.total_charge_amount, true)
                and coalesce(status.service_from between claim.statement_from and claim.statement_to, true)
                and (claim.medium is null or cast(claim.submitted_at as date) <= cast(status.received_at as date))
                then 1
            else 0
        end as strength,
        case when status.charge_amount = claim.total_charge_amount then 4 else 0 end
        + case when status.service_from between claim.statement_from and claim.statement_to then 2 else 0 end
        + case when status.payer_id = claim.payer_id then 1 else 0 end as fit,
        cast(claim.submitted_at as date) <= cast(status.received_at as date) as is_before
    from status
    inner join silver.claim_transmission as claim
        on
            status.org_id = claim.org_id
            and status.trn02 = claim.claim_id
),

ranked as (
    select
        evidence.*,
        rank() over (
            partition by evidence.org_id, evidence.ack_event_key order by evidence.strength desc, evidence.fit desc
        ) as place
    from evidence
    where evidence.strength > 0
),

best as (
    select
        ranked.*,
        min(ranked.period_key) over (partition by ranked.org_id, ranked.ack_event_key) as first_period_key,
        max(ranked.period_key) over (partition by ranked.org_id, ranked.ack_event_key) as last_period_key,
        row_number() over (
            partition by ranked.org_id, ranked.ack_event_key
            order by
                case when ranked.is_before then 1 else 2 end,
                case when ranked.is_before then ranked.submitted_at end desc, ranked.submitted_at, ranked.submission_key
        ) as choice
    from ranked
    where ranked.place = 1
)

select
    status.org_id,
    status.source_system_id,
    case
        when status.byte_offset is null then concat(status.file_id, '#', cast(status.source_row as text))
        else concat(status.file_id, '@', cast(status.byte_offset as text), '+', cast(status.byte_length as text))
    end as source_record_id,
    status.load_id,
    status.record_hash,
    status.ingested_at as loaded_at,
    status.ack_event_key,
    case when best.first_period_key = best.last_period_key then best.submission_key end as submission_key,
    case best.strength
        when 3 then 'batch_and_claim'
        when 2 then 'clearinghouse_trace'
        when 1 then 'claim_and_charge'
    end as match_method,
    case
        when best.submission_key is null then 'unmatched'
        when best.first_period_key = best.last_period_key then 'matched'
        else 'ambiguous'
    end as match_status,
    status.level,
    status.source_entity_code,
    status.category_code,
    status.status_code,
    status.entity_code,
    status.action_code,
    status.effective_date,
    status.charge_amount,
    status.payer_claim_control_number,
    status.received_at
from status
left join best
    on
        status.org_id = best.org_id
        and status.ack_event_key = best.ack_event_key
        and best.choice = 1
