-- One row per claim in its current state: sent, answered, denied, paid.
-- A claim is initially denied when its first adjudication carries a denied amount; later denials do not count. Passed at
-- first is a first transmission accepted, a first adjudication that denies nothing, and no correction after. A corrected
-- claim is a replacement (frequency 7) sent on or after the first remittance. Null for lack of a source: filing deadlines
-- and proof, billed DRG weight where the encounter has none, under- and overpayment, prompt-pay terms, duplicate
-- originals, observation conversions and the risk score.
-- grain: org_id, claim_key
-- load: full
-- partition: org_id
-- checks: payer_class not null, is_initial_denied not null, claim_status not null

with denial_writeoff as (
    select
        adjustment.org_id,
        adjustment.claim_key,
        sum(adjustment.net_amount) as denial_writeoff_amount
    from gold.fact_adjustment as adjustment
    where adjustment.is_denial_writeoff
    group by adjustment.org_id, adjustment.claim_key
),

remitted as (
    select
        remittance.org_id,
        remittance.claim_key,
        bool_or(coalesce(transfer.payment_method in ('ACH', 'FWT', 'BOP'), false)) as is_eft
    from silver.claim_payment as remittance
    inner join silver.remittance as transfer
        on
            remittance.org_id = transfer.org_id
            and remittance.remittance_key = transfer.remittance_key
    where remittance.claim_key is not null
    group by remittance.org_id, remittance.claim_key
),

followup as (
    select
        event.org_id,
        event.account_key,
        max(cast(event.event_at as date)) as last_followup_date
    from silver.work_event as event
    where event.event_type = 'touched'
    group by event.org_id, event.account_key
),

acknowledged as (
    select
        ack.org_id,
        ack.claim_key,
        max(ack.ack_date) as last_ack_date
    from silver.claim_ack_event as ack
    group by ack.org_id, ack.claim_key
)

select
    claim.org_id,
    claim.entity_id,
    claim.facility_id,
    claim.department_id,
    claim.provider_id,
    claim.payer_id,
    claim.payer_class,
    claim.billing_type,
    claim.patient_key,
    claim.claim_key,
    source.claim_family_key,
    claim.account_key,
    source.claim_id,
    source.claim_type,
    claim.payer_sequence,
    claim.encounter_class,
    source.type_of_bill,
    status.claim_status,
    source.statement_from as service_from_date,
    source.statement_to as service_to_date,
    account.discharge_date,
    account.final_bill_date,
    claim.first_submission_date,
    filing.first_accepted_date,
    filing.last_submission_date,
    coalesce(filing.submission_count, 0) as submission_count,
    cast(null as date) as filing_deadline_date,
    outcome.first_remit_date,
    outcome.first_payment_date,
    outcome.last_remit_date,
    status.closed_date,
    claim.total_charge_amount,
    claim.expected_allowed_amount,
    source.expected_payer_amount,
    outcome.allowed_amount,
    coalesce(outcome.payer_paid_amount, 0) as payer_paid_amount,
    outcome.patient_resp_amount,
    outcome.contractual_amount,
    coalesce(initial.initial_denied_charge_amount, 0) as initial_denied_charge_amount,
    case when initial.claim_key is null then cast(0 as decimal(18, 2)) else initial.initial_denied_expected_amount end
        as initial_denied_expected_amount,
    status.open_denied_expected_amount,
    cast(coalesce(denial_writeoff.denial_writeoff_amount, 0) as decimal(18, 2)) as denial_writeoff_amount,
    cast(null as decimal(18, 2)) as underpaid_amount,
    cast(null as decimal(18, 2)) as overpaid_amount,
    initial.claim_key is not null as is_initial_denied,
    initial.initial_denial_date,
    initial.initial_denial_category,
    initial.initial_denial_stage,
    initial.initial_denial_avoidable,
    coalesce(initial.is_zero_pay, false) as is_first_remit_zero_pay_denied,
    coalesce(initial.is_partial, false) as is_first_remit_partial_denied,
    outcome.first_remit_date is not null
    and coalesce(filing.is_first_submission_accepted, false)
    and initial.claim_key is null
    and not outcome.has_correction as is_first_pass_paid,
    filing.edit_touch_count = 0 as is_clean_claim,
    filing.edit_touch_count,
    coalesce(filing.was_rejected, false) as was_rejected,
    filing.rejected_by,
    outcome.claim_key is not null as is_electronic_remit,
    coalesce(remitted.is_eft, false) as is_eft,
    coalesce(account.is_authorization_needed, false) as auth_required,
    coalesce(account.is_authorization_on_file, false) as auth_approved_on_file,
    source.drg_code as drg_billed,
    outcome.drg_paid,
    account.drg_weight as drg_weight_billed,
    outcome.drg_weight_paid,
    coalesce(outcome.drg_weight_paid < account.drg_weight, false) as is_drg_downgraded,
    coalesce(claim.encounter_class = 'inpatient' and outcome.is_status_denied, false) as is_status_denied,
    cast(null as boolean) as is_obs_converted,
    coalesce(filing.corrected_date >= outcome.first_remit_date, false) as has_corrected_claim,
    coalesce(
        filing.corrected_date >= outcome.first_remit_date and outcome.last_payment_date >= filing.corrected_date, false
    ) as is_corrected_claim_paid,
    status.is_retro_terminated,
    cast(null as boolean) as is_duplicate_billed,
    cast(null as boolean) as has_recovered_proof_of_filing,
    cast(null as decimal(18, 2)) as interest_due_amount,
    coalesce(outcome.interest_paid_amount, 0) as interest_paid_amount,
    cast(null as boolean) as is_clean_for_prompt_pay,
    cast(null as integer) as prompt_pay_days,
    date_diff('day', claim.first_submission_date, outcome.first_payment_date) as days_submission_to_payment,
    date_diff('day', outcome.claim_received_date, outcome.first_payment_date) as days_receipt_to_payment,
    date_diff('day', source.statement_to, outcome.first_payment_date) as days_service_to_payment,
    date_diff('day', account.final_bill_date, claim.first_submission_date) as days_final_bill_to_submission,
    followup.last_followup_date,
    greatest(acknowledged.last_ack_date, outcome.last_remit_date) as last_payer_response_date,
    cast(null as decimal(9, 6)) as denial_risk_score,
    claim.patient_version_key,
    claim.provider_version_key
from gold.claim as claim
inner join silver.claim as source on claim.org_id = source.org_id and claim.claim_key = source.claim_key
inner join gold.claim_status as status on claim.org_id = status.org_id and claim.claim_key = status.claim_key
left join gold.account as account on claim.org_id = account.org_id and claim.account_key = account.account_key
left join gold.claim_filing as filing on claim.org_id = filing.org_id and claim.claim_key = filing.claim_key
left join gold.claim_outcome as outcome on claim.org_id = outcome.org_id and claim.claim_key = outcome.claim_key
left join gold.initial_denial as initial on claim.org_id = initial.org_id and claim.claim_key = initial.claim_key
left join denial_writeoff on claim.org_id = denial_writeoff.org_id and claim.claim_key = denial_writeoff.claim_key
left join remitted on claim.org_id = remitted.org_id and claim.claim_key = remitted.claim_key
left join followup on claim.org_id = followup.org_id and claim.account_key = followup.account_key
left join acknowledged on claim.org_id = acknowledged.org_id and claim.claim_key = acknowledged.claim_key
