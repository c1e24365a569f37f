-- One row per payer claim control number of an account (277CA REF*1K) and what it was given to.
-- A number given to one original leads to that original's period; a number a payer gave only to corrected claims leads
-- to the number those claims replaced. The same number may stand on an original and its corrections.
-- grain: org_id, account_key, control_number
-- load: full
-- partition: org_id
-- checks: control_number not null

select
    claim.org_id,
    min(claim.source_system_id) as source_system_id,
    min(acknowledgement.source_record_id) as source_record_id,
    max(acknowledgement.load_id) as load_id,
    max(acknowledgement.record_hash) as record_hash,
    max(acknowledgement.loaded_at) as loaded_at,
    claim.account_key,
    acknowledgement.payer_claim_control_number as control_number,
    case
        when count(distinct case when not claim.is_replacement then claim.period_key end) = 1
            then min(case when not claim.is_replacement then claim.period_key end)
    end as original_period_key,
    case
        when
            count(distinct case when not claim.is_replacement then claim.period_key end) = 0
            and count(distinct claim.original_reference) = 1
            then min(claim.original_reference)
    end as replaced_number
from silver.ack_match as acknowledgement
inner join silver.claim_transmission as claim
    on
        acknowledgement.org_id = claim.org_id
        and acknowledgement.submission_key = claim.submission_key
where acknowledgement.payer_claim_control_number is not null
group by claim.org_id, claim.account_key, acknowledgement.payer_claim_control_number
