-- One row per transmission of a claim, numbered inside its claim from 1 in the order sent.
-- The payer control number is the one this transmission's own acknowledgement carried (277CA REF*1K), the latest if it
-- changed.
-- grain: org_id, submission_key
-- load: full
-- partition: org_id
-- checks: submission_key unique, claim_key not null, warn: submitted_at not null

with numbered as (
    select
        acknowledgement.org_id,
        acknowledgement.submission_key,
        acknowledgement.payer_claim_control_number,
        row_number() over (
            partition by acknowledgement.org_id, acknowledgement.submission_key
            order by acknowledgement.received_at desc, acknowledgement.ack_event_key
        ) as age
    from silver.ack_match as acknowledgement
    where acknowledgement.submission_key is not null and acknowledgement.payer_claim_control_number is not null
)

select
    claim.org_id,
    claim.source_system_id,
    claim.source_record_id,
    claim.load_id,
    claim.record_hash,
    claim.loaded_at,
    claim.submission_key,
    family.claim_key,
    cast(row_number() over (
        partition by claim.org_id, family.claim_key
        order by
            claim.submitted_at, claim.interchange_control, claim.control_number, claim.claim_no,
            claim.submission_key
    ) as int) as submission_number,
    claim.frequency_code,
    claim.batch_reference,
    claim.interchange_control,
    claim.clearinghouse_trace,
    claim.submitted_at,
    claim.medium,
    cast(null as int) as edit_touch_count,
    claim.total_charge_amount,
    claim.account_key,
    claim.entity_id,
    claim.payer_id,
    claim.payer_sequence,
    claim.billing_type,
    claim.claim_id,
    cast(claim.submitted_at as date) as submitted_date,
    claim.file_id,
    claim.transaction_no,
    claim.claim_no,
    claim.original_reference,
    numbered.payer_claim_control_number,
    family.family_method
from silver.claim_transmission as claim
inner join silver.claim_family as family
    on
        claim.org_id = family.org_id
        and claim.submission_key = family.submission_key
left join numbered
    on
        claim.org_id = numbered.org_id
        and claim.submission_key = numbered.submission_key
        and numbered.age = 1
