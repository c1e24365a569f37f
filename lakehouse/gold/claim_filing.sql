-- One row per claim that was sent: when, how often, and what the acknowledgements said.
-- grain: org_id, claim_key
-- load: full
-- partition: org_id
-- checks: submission_count not null

with ranked as (
    select
        submission.*,
        row_number() over (
            partition by submission.org_id, submission.claim_key
            order by coalesce(submission.rejected_date, date '9999-12-31'), submission.submission_number
        ) as rejection_no
    from gold.fact_claim_submission as submission
)

select
    ranked.org_id,
    ranked.claim_key,
    min(ranked.submitted_date) as first_submission_date,
    max(ranked.submitted_date) as last_submission_date,
    cast(count(*) as integer) as submission_count,
    min(ranked.accepted_date) as first_accepted_date,
    bool_or(ranked.is_rejected) as was_rejected,
    max(case when ranked.rejection_no = 1 then ranked.rejected_by end) as rejected_by,
    bool_or(ranked.submission_number = 1 and ranked.accepted_date is not null and not ranked.is_rejected)
        as is_first_submission_accepted,
    bool_or(ranked.is_rejected and ranked.resubmitted_date is null) as is_last_submission_rejected,
    cast(round(sum(ranked.edit_touch_count)) as integer) as edit_touch_count,
    max(case when ranked.frequency_code = '7' then ranked.submitted_date end) as corrected_date
from ranked
group by ranked.org_id, ranked.claim_key
