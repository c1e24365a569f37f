-- One row per claim and the payer claim control number it is known by now.
-- The latest remitted number (CLP07) comes before the latest acknowledged one (277CA REF*1K): the payer may renumber a
-- claim when it corrects it.
-- grain: org_id, claim_key
-- load: full
-- partition: org_id
-- checks: claim_key unique, control_number not null

with given as (
    select
        payment.org_id,
        payment.claim_key,
        payment.payer_claim_control_number as control_number,
        1 as preference,
        cast(payment.remit_date as timestamp) as known_at,
        payment.loaded_at
    from silver.claim_payment_match as payment
    where payment.claim_key is not null and payment.payer_claim_control_number is not null

    union all

    select
        submission.org_id,
        submission.claim_key,
        submission.payer_claim_control_number as control_number,
        2 as preference,
        submission.submitted_at as known_at,
        submission.loaded_at
    from silver.claim_submission as submission
    where submission.payer_claim_control_number is not null
),

ranked as (
    select
        given.*,
        row_number() over (
            partition by given.org_id, given.claim_key
            order by given.preference, given.known_at desc, given.control_number
        ) as place
    from given
)

select
    ranked.org_id,
    cast(null as text) as source_system_id,
    cast(null as text) as source_record_id,
    cast(null as text) as load_id,
    cast(null as text) as record_hash,
    ranked.loaded_at,
    ranked.claim_key,
    ranked.control_number
from ranked
where ranked.place = 1
