-- One row per claim of an account, primary claims and later ones each numbered by first submission: which payer was
-- asked when. The primary claim with number 1 is the account's primary claim. The date a payer became responsible is the
-- first submission of any claim of the account to that payer at that sequence, so a rebill does not restart the clock.
-- grain: org_id, claim_key
-- load: full
-- partition: org_id
-- checks: claim_no not null

select
    claim.org_id,
    claim.account_key,
    claim.claim_key,
    claim.payer_sequence,
    claim.payer_sequence = 'P' as is_primary,
    claim.payer_id,
    claim.payer_class,
    claim.charge_cents,
    claim.expected_cents,
    claim.first_submission_date,
    min(claim.first_submission_date) over (
        partition by claim.org_id, claim.account_key, claim.payer_sequence, claim.payer_id
    ) as responsible_since,
    row_number() over (
        partition by claim.org_id, claim.account_key, claim.payer_sequence = 'P'
        order by claim.first_submission_date, claim.payer_sequence, claim.claim_key
    ) as claim_no
from gold.claim as claim
