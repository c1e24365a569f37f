-- One row per submission that breaks a rule: one dated more than a day after it was loaded was never sent.
-- of: silver.claim_submission
-- key: submission_key
-- rule: SUB-01 quarantine: submission in the future
-- grain: org_id, rule_id, record_key
-- load: full

select
    submission.org_id,
    submission.source_system_id,
    'SUB-01' as rule_id,
    submission.submission_key as record_key,
    submission.source_record_id
from silver.claim_submission as submission
where date_diff('day', cast(submission.loaded_at as date), submission.submitted_date) > 1
