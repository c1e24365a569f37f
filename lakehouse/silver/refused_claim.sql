-- One row per claim refused together with everything around it: a batch, a billing provider or a transaction set.
-- A 277CA rejection of a whole batch (2200B) or of a billing provider in it (2200C) covers every claim underneath, even
-- where no 2200D was sent; so does a 999 that refuses a transaction set or its group (IK501 or AK901 in R, M, W, X).
-- The batch is the latest one with that BHT03, the set the latest one with those control numbers, sent before the answer.
-- grain: org_id, ack_event_key
-- load: full
-- partition: org_id
-- checks: ack_event_key unique, submission_key not null

with wide as (
    select
        status.*,
        coalesce(status.acknowledged_at, cast(status.effective_date as timestamp), status.ingested_at) as received_at
    from bronze.ack_277ca as status
    where
        status.level in ('source', 'receiver', 'provider')
        and (status.action_code = 'U' or status.category_code in ('A3', 'A6', 'A7', 'A8'))
),

refused as (
    select
        wide.*,
        claim.submission_key,
        rank() over (
            partition by wide.org_id, wide.file_id, wide.transaction_no, wide.status_no
            order by cast(claim.submitted_at as date) desc
        ) as recency
    from wide
    inner join silver.claim_transmission as claim
        on
            wide.org_id = claim.org_id
            and wide.batch_reference = claim.batch_reference
            and cast(claim.submitted_at as date) <= cast(wide.received_at as date)
    where wide.level <> 'provider' or wide.provider_npi = claim.billing_npi
),

refused_set as (
    select
        answer.*,
        coalesce(delivery.group_at, answer.ingested_at) as received_at,
        claim.submission_key,
        rank() over (
            partition by answer.org_id, answer.file_id, answer.transaction_no, answer.ack_no
            order by cast(claim.submitted_at as date) desc
        ) as recency
    from bronze.ack_999 as answer
    left join bronze.x12_transaction as delivery
        on
            answer.org_id = delivery.org_id
            and answer.file_id = delivery.file_id
            and answer.transaction_no = delivery.transaction_no
            and coalesce(delivery.status, 'accepted') = 'accepted'
    inner join bronze.x12_transaction as sent
        on
            answer.org_id = sent.org_id
            and answer.group_control_number = sent.group_control_number
            and coalesce(answer.set_control_number, sent.control_number) = sent.control_number
            and sent.transaction_code = '837'
            and coalesce(sent.status, 'accepted') = 'accepted'
    inner join silver.claim_transmission as claim
        on
            sent.org_id = claim.org_id
            and sent.file_id = claim.file_id
            and sent.transaction_no = claim.transaction_no
            and cast(claim.submitted_at as date) <= cast(coalesce(delivery.group_at, answer.ingested_at) as date)
    where
        answer.set_status in ('R', 'M', 'W', 'X')
        or (answer.set_control_number is null and answer.group_status in ('R', 'M', 'W', 'X'))
)

select
    refused.org_id,
    refused.source_system_id,
    concat(refused.file_id, '@', cast(refused.byte_offset as text), '+', cast(refused.byte_length as text))
        as source_record_id,
    refused.load_id,
    refused.record_hash,
    refused.ingested_at as loaded_at,
    sha256(concat_ws(
        '|', refused.org_id, refused.file_id, cast(refused.transaction_no as text),
        cast(refused.status_no as text), refused.submission_key
    )) as ack_event_key,
    refused.submission_key,
    '277ca' as ack_type,
    case when refused.source_entity_code = 'AY' then 'clearinghouse' else 'payer' end as ack_source,
    case when refused.level = 'provider' then 'provider' else 'batch' end as level,
    refused.category_code,
    refused.status_code,
    refused.entity_code,
    refused.action_code,
    refused.effective_date,
    cast(null as decimal(18, 2)) as charge_amount,
    cast(null as text) as payer_claim_control_number,
    refused.received_at,
    case when refused.level = 'provider' then 'provider_expanded' else 'batch_expanded' end as match_method,
    'matched' as match_status
from refused
where refused.recency = 1

union all

select
    refused.org_id,
    refused.source_system_id,
    concat(refused.file_id, '@', cast(refused.byte_offset as text), '+', cast(refused.byte_length as text))
        as source_record_id,
    refused.load_id,
    refused.record_hash,
    refused.ingested_at as loaded_at,
    sha256(concat_ws(
        '|', refused.org_id, refused.file_id, cast(refused.transaction_no as text), '999',
        cast(refused.ack_no as text), refused.submission_key
    )) as ack_event_key,
    refused.submission_key,
    '999' as ack_type,
    'clearinghouse' as ack_source,
    'batch' as level,
    cast(null as text) as category_code,
    cast(null as text) as status_code,
    cast(null as text) as entity_code,
    'U' as action_code,
    cast(refused.received_at as date) as effective_date,
    cast(null as decimal(18, 2)) as charge_amount,
    cast(null as text) as payer_claim_control_number,
    refused.received_at,
    'set_expanded' as match_method,
    'matched' as match_status
from refused_set as refused
where refused.recency = 1
