-- One row per denial case: a claim, a denial category, from the adjudication that opened it to its end.
-- The first action is the earliest corrected claim (frequency 7) of the claim or touch of a denial or appeal work item of
-- the account on or after the opening; days to it are business days. Expected values use the claim's expected allowed
-- over its charge, null when the contract is unknown. Appeals, their deadlines, the cost of rework and the expected
-- recovery have no source yet and are null.
-- grain: org_id, denial_key
-- load: full
-- partition: org_id
-- checks: opened_date not null, denied_charge_amount not null, resolution not null

with corrected as (
    select
        denial_case.org_id,
        denial_case.denial_key,
        min(submission.submitted_date) as corrected_claim_date
    from gold.denial_case as denial_case
    inner join silver.claim_submission as submission
        on
            denial_case.org_id = submission.org_id
            and denial_case.claim_key = submission.claim_key
            and submission.frequency_code = '7'
            and submission.submitted_date >= denial_case.opened_date
    group by denial_case.org_id, denial_case.denial_key
),

touched as (
    select
        denial_case.org_id,
        denial_case.denial_key,
        min(cast(event.event_at as date)) as touched_date
    from gold.denial_case as denial_case
    inner join gold.claim as claim
        on
            denial_case.org_id = claim.org_id
            and denial_case.claim_key = claim.claim_key
    inner join silver.work_event as event
        on
            claim.org_id = event.org_id
            and claim.account_key = event.account_key
            and event.item_type in ('denial', 'appeal')
            and event.event_type in ('touched', 'resolved')
            and cast(event.event_at as date) >= denial_case.opened_date
    group by denial_case.org_id, denial_case.denial_key
),

denial as (
    select
        denial_case.*,
        corrected.corrected_claim_date,
        least(
            coalesce(corrected.corrected_claim_date, touched.touched_date),
            coalesce(touched.touched_date, corrected.corrected_claim_date)
        ) as first_action_date,
        case
            when denial_case.denied_charge_amount <= 20000000
                then cast(round(denial_case.denied_charge_amount * 100) as bigint)
        end as denied_cents
    from gold.denial_case as denial_case
    left join corrected
        on
            denial_case.org_id = corrected.org_id
            and denial_case.denial_key = corrected.denial_key
    left join touched
        on
            denial_case.org_id = touched.org_id
            and denial_case.denial_key = touched.denial_key
),

valued as (
    select
        denial.*,
        claim.entity_id,
        claim.facility_id,
        claim.department_id,
        claim.provider_id,
        claim.payer_id,
        claim.payer_class,
        claim.billing_type,
        claim.first_submission_date,
        cast(
            (2 * denial.denied_cents * claim.expected_cents + claim.charge_cents)
            // nullif(2 * claim.charge_cents, 0) * cast(0.01 as decimal(3, 2)) as decimal(18, 2)
        ) as denied_expected_amount
    from denial
    inner join gold.claim as claim
        on
            denial.org_id = claim.org_id
            and denial.claim_key = claim.claim_key
)

select
    valued.org_id,
    valued.entity_id,
    valued.facility_id,
    valued.department_id,
    valued.provider_id,
    valued.payer_id,
    valued.payer_class,
    valued.billing_type,
    valued.denial_key,
    valued.claim_key,
    valued.opened_date,
    valued.denial_category,
    valued.carc,
    case when valued.denial_category = 'unmapped' then 'back' else coalesce(reason.stage, 'back') end as stage,
    valued.denial_origin,
    valued.denial_origin = 'first_pass' as is_initial,
    coalesce(reason.is_clinical, false) as is_clinical,
    valued.is_rfi,
    valued.denial_category <> 'unmapped' and coalesce(reason.avoidable = 'yes', false) as is_avoidable,
    coalesce(reason.hardness = 'hard', false) as is_hard,
    valued.is_appealable,
    valued.denied_charge_amount,
    valued.denied_expected_amount,
    case when resolution.denial_key is null then valued.denied_expected_amount else 0 end as open_expected_amount,
    cast(null as date) as appeal_deadline_date,
    valued.first_action_date,
    cast(null as date) as first_appeal_date,
    valued.corrected_claim_date,
    resolution.resolved_date,
    coalesce(resolution.resolution, 'open') as resolution,
    coalesce(resolution.recovered_amount, 0) as recovered_amount,
    case
        when resolution.recovered_amount > 0 and valued.corrected_claim_date <= resolution.resolved_date
            then 'corrected_claim'
        when resolution.recovered_amount > 0 then 'payer_reprocess'
    end as recovered_by,
    coalesce(resolution.writeoff_amount, 0) as writeoff_amount,
    case when resolution.resolution = 'written_off' then resolution.resolved_date end as writeoff_date,
    coalesce(
        valued.first_action_date
        <= case
            when resolution.resolution = 'written_off' then resolution.resolved_date
            else valued.first_action_date
        end,
        false
    ) as is_worked,
    cast(null as decimal(18, 2)) as rework_cost_amount,
    date_diff('day', valued.first_submission_date, valued.opened_date) as days_submission_to_denial,
    acted.business_day_number - opened.business_day_number as days_to_first_action,
    cast(null as integer) as days_to_appeal,
    date_diff('day', valued.opened_date, resolution.resolved_date) as days_to_resolution,
    cast(null as decimal(18, 2)) as expected_recovery_value,
    reason.owner_team
from valued
left join gold.denial_resolution as resolution
    on
        valued.org_id = resolution.org_id
        and valued.denial_key = resolution.denial_key
left join reference.carc as reason on valued.carc = reason.carc
left join reference.calendar as opened on valued.opened_date = opened.date
left join reference.calendar as acted on valued.first_action_date = acted.date
