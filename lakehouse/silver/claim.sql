-- One row per claim: an obligation of one payer in one sequence for one period of one account (a claim family).
-- The row says what the latest version said. A claim is a rebill once it was corrected, voided or sent again.
-- The payer control number is the latest known: from a remittance (CLP07), else from an acknowledgement (REF*1K).
-- A claim forwarded by an earlier payer (crossover) is here although the provider never sent it: it takes charge, dates
-- and account from the forwarded claim and has no submission.
-- Patient and coverage come from the account; expected amounts are the sum of the lines, null when a line has no term.
-- grain: org_id, claim_key
-- load: full
-- partition: org_id
-- checks: claim_key unique, account_key not null, payer_id not null

with version as (
    select
        submission.org_id,
        submission.claim_key,
        submission.submission_key,
        submission.submission_number,
        submission.payer_claim_control_number,
        submission.payer_id,
        submission.payer_sequence,
        false as is_crossover,
        row_number() over (
            partition by submission.org_id, submission.claim_key order by submission.submission_number desc
        ) as age,
        count(*) over (partition by submission.org_id, submission.claim_key) as submission_count,
        min(submission.submitted_date) over (partition by submission.org_id, submission.claim_key)
            as first_submission_date
    from silver.claim_submission as submission
),

forwarded as (
    select
        crossover.org_id,
        crossover.claim_key,
        min(crossover.forwarded_submission_key) as submission_key,
        min(crossover.payer_id) as payer_id,
        min(crossover.payer_sequence) as payer_sequence
    from silver.crossover_claim as crossover
    left join version
        on
            crossover.org_id = version.org_id
            and crossover.claim_key = version.claim_key
            and version.age = 1
    where version.claim_key is null
    group by crossover.org_id, crossover.claim_key
),

known as (
    select
        version.org_id,
        version.claim_key,
        version.submission_key,
        version.payer_id,
        version.payer_sequence,
        version.is_crossover,
        version.submission_count,
        version.first_submission_date
    from version
    where version.age = 1

    union all

    select
        forwarded.org_id,
        forwarded.claim_key,
        forwarded.submission_key,
        forwarded.payer_id,
        forwarded.payer_sequence,
        true as is_crossover,
        0 as submission_count,
        cast(null as date) as first_submission_date
    from forwarded
),

expected as (
    select
        line.org_id,
        line.claim_key,
        case
            when count(*) = count(line.expected_allowed_amount)
                then cast(sum(line.expected_allowed_amount) as decimal(18, 2))
        end as expected_allowed_amount
    from silver.claim_line as line
    group by line.org_id, line.claim_key
),

coverage as (
    select
        member.org_id,
        member.account_key,
        member.payer_id,
        member.coverage_order,
        min(member.member_key) as member_key,
        min(member.plan_id) as plan_id
    from silver.member as member
    where member.is_current and member.account_key is not null
    group by member.org_id, member.account_key, member.payer_id, member.coverage_order
)

select
    claim.org_id,
    sent.source_system_id,
    sent.source_record_id,
    sent.load_id,
    sent.record_hash,
    sent.loaded_at,
    claim.claim_key,
    claim.claim_key as claim_family_key,
    sent.account_key,
    sent.claim_id,
    control.control_number as payer_claim_control_number,
    sent.entity_id,
    coalesce(encounter.patient_key, sent.patient_key) as patient_key,
    coverage.member_key,
    claim.payer_id,
    coverage.plan_id,
    claim.payer_sequence,
    case when not claim.is_crossover then sent.filing_indicator end as filing_indicator,
    sent.claim_type,
    sent.billing_type,
    case when sent.billing_type = 'HB' then sent.facility_type_code || sent.frequency_code end as type_of_bill,
    case
        when sent.billing_type = 'PB' then coalesce(sent.facility_type_code, sent.place_of_service)
    end as place_of_service,
    case when claim.is_crossover then '1' else sent.frequency_code end as frequency_code,
    case when not claim.is_crossover then sent.original_reference end as original_reference,
    sent.auth_number,
    sent.referral_number,
    sent.delay_reason_code,
    sent.total_charge_amount,
    sent.patient_paid_amount,
    case when not claim.is_crossover then sent.prior_payer_paid_amount end as prior_payer_paid_amount,
    sent.statement_from,
    sent.statement_to,
    sent.drg_code,
    sent.attending_provider_id,
    sent.rendering_provider_id,
    claim.is_crossover,
    claim.submission_count > 1 or (not claim.is_crossover and sent.is_replacement) as is_rebill,
    sent.created_date,
    expected.expected_allowed_amount,
    expected.expected_allowed_amount as expected_payer_amount,
    coalesce(payer.payer_class, 'other') as payer_class,
    claim.first_submission_date,
    case when not claim.is_crossover then claim.submission_key end as latest_submission_key,
    cast(round(claim.submission_count) as int) as submission_count
from known as claim
inner join silver.claim_transmission as sent
    on claim.org_id = sent.org_id and claim.submission_key = sent.submission_key
left join silver.claim_control as control
    on claim.org_id = control.org_id and claim.claim_key = control.claim_key
left join expected
    on claim.org_id = expected.org_id and claim.claim_key = expected.claim_key
left join silver.encounter as encounter
    on sent.org_id = encounter.org_id and sent.account_key = encounter.account_key
left join coverage
    on
        sent.org_id = coverage.org_id
        and sent.account_key = coverage.account_key
        and claim.payer_id = coverage.payer_id
        and coverage.coverage_order = case claim.payer_sequence when 'P' then 1 when 'S' then 2 when 'T' then 3 end
left join silver.payer as payer
    on claim.org_id = payer.org_id and claim.payer_id = payer.payer_id
