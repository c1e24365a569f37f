-- One row per claim payment and the claim it is about; no payment is dropped for want of a claim.
-- First a claim forwarded by an earlier payer ('crossover'); then the only candidate with its CLP01 ('clp01_unique') or
-- the one that fits best ('clp01_narrowed'). What is left over goes by CLP07: the claim that control number was given to
-- (277CA REF*1K) or was paid under before ('control_number'). A payment without any candidate is last looked for by
-- subscriber, first service date and charge ('member_and_charge').
-- Candidates that fit equally well are 'ambiguous' and name no claim; nothing found is 'unmatched'.
-- grain: org_id, claim_payment_key
-- load: full
-- partition: org_id
-- checks: claim_payment_key unique, match_status in ('matched', 'ambiguous', 'unmatched')

with best as (
    select
        candidate.org_id,
        candidate.claim_payment_key,
        case when max(candidate.place_count) = 1 then min(candidate.claim_key) end as claim_key,
        max(candidate.candidate_count) as candidate_count
    from silver.claim_candidate as candidate
    where candidate.place = 1
    group by candidate.org_id, candidate.claim_payment_key
),

first_pass as (
    select
        payment.org_id,
        payment.claim_payment_key,
        payment.entity_id,
        payment.payer_claim_control_number,
        coalesce(crossover.claim_key, best.claim_key) as claim_key,
        case
            when crossover.claim_key is not null then 'crossover'
            when best.claim_key is null then null
            when best.candidate_count = 1 then 'clp01_unique'
            else 'clp01_narrowed'
        end as match_method,
        best.candidate_count is not null as has_candidate
    from silver.remitted_claim as payment
    left join silver.crossover_claim as crossover
        on
            payment.org_id = crossover.org_id
            and payment.claim_payment_key = crossover.claim_payment_key
    left join best
        on
            payment.org_id = best.org_id
            and payment.claim_payment_key = best.claim_payment_key
),

given as (
    select
        claim.org_id,
        claim.entity_id,
        claim.payer_claim_control_number as control_number,
        claim.claim_key
    from silver.claim_submission as claim
    where claim.payer_claim_control_number is not null

    union all

    select
        paid.org_id,
        paid.entity_id,
        paid.payer_claim_control_number as control_number,
        paid.claim_key
    from first_pass as paid
    where paid.claim_key is not null and paid.payer_claim_control_number is not null
),

numbered as (
    select
        given.org_id,
        given.entity_id,
        given.control_number,
        min(given.claim_key) as claim_key
    from given
    group by given.org_id, given.entity_id, given.control_number
    having count(distinct given.claim_key) = 1
),

subscribed as (
    select
        sent.org_id,
        sent.entity_id,
        sent.subscriber_id,
        sent.statement_from,
        sent.total_charge_amount,
        min(family.claim_key) as claim_key
    from silver.claim_transmission as sent
    inner join silver.claim_family as family
        on
            sent.org_id = family.org_id
            and sent.submission_key = family.submission_key
    where sent.subscriber_id is not null
    group by sent.org_id, sent.entity_id, sent.subscriber_id, sent.statement_from, sent.total_charge_amount
    having count(distinct family.claim_key) = 1
)

select
    payment.org_id,
    payment.source_system_id,
    payment.source_record_id,
    payment.load_id,
    payment.record_hash,
    payment.loaded_at,
    payment.claim_payment_key,
    payment.remit_date,
    payment.trace_number,
    payment.clp_ordinal,
    payment.clp_status_code,
    payment.is_adjudication,
    payment.is_reversal,
    payment.entity_id,
    payment.claim_id,
    payment.payer_claim_control_number,
    payment.charge_amount,
    payment.paid_amount,
    coalesce(paid.claim_key, numbered.claim_key, subscribed.claim_key) as claim_key,
    case
        when paid.claim_key is not null then paid.match_method
        when numbered.claim_key is not null then 'control_number'
        when subscribed.claim_key is not null then 'member_and_charge'
    end as match_method,
    case
        when coalesce(paid.claim_key, numbered.claim_key, subscribed.claim_key) is not null then 'matched'
        when paid.has_candidate then 'ambiguous'
        else 'unmatched'
    end as match_status
from silver.remitted_claim as payment
inner join first_pass as paid
    on
        payment.org_id = paid.org_id
        and payment.claim_payment_key = paid.claim_payment_key
left join numbered
    on
        payment.org_id = numbered.org_id
        and payment.entity_id = numbered.entity_id
        and payment.payer_claim_control_number = numbered.control_number
left join subscribed
    on
        payment.org_id = subscribed.org_id
        and payment.entity_id = subscribed.entity_id
        and payment.subscriber_id = subscribed.subscriber_id
        and payment.statement_from = subscribed.statement_from
        and abs(payment.charge_amount) = subscribed.total_charge_amount
        and not paid.has_candidate
