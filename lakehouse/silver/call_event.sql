-- One row per inbound call, the newest delivery of it. Who hung up before an answer has no answered_at.
-- A call is a repeat when the same caller called for the same reason in the seven days before it.
-- grain: org_id, call_key
-- load: full
-- partition: org_id
-- checks: call_key unique, offered_at not null

with version as (
    select
        call.*,
        row_number() over (
            partition by call.org_id, call.source_system_id, call.call_id
            order by call.ingested_at desc, call.source_row desc, call.record_hash desc
        ) as age
    from bronze.ops_call_center as call
),

ordered as (
    select
        call.*,
        lag(call.offered_at) over (
            partition by call.org_id, call.caller_hash, call.reason order by call.offered_at, call.call_id
        ) as called_before_at
    from version as call
    where call.age = 1
)

select
    call.org_id,
    call.source_system_id,
    concat(call.file_id, '#', cast(call.source_row as text)) as source_record_id,
    call.load_id,
    call.record_hash,
    call.ingested_at as loaded_at,
    sha256(concat_ws('|', call.org_id, call.source_system_id, call.call_id)) as call_key,
    call.call_id,
    call.queue,
    coalesce(call.entity_id, source.entity_id) as entity_id,
    call.offered_at,
    call.answered_at,
    call.ended_at,
    call.handle_seconds,
    call.reason,
    call.caller_hash is not null
    and coalesce(date_diff('day', cast(call.called_before_at as date), cast(call.offered_at as date)) <= 7, false)
        as repeat_within_7d
from ordered as call
left join reference.source as source
    on
        call.org_id = source.org_id
        and call.source_system_id = source.source_system_id
