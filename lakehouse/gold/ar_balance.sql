-- One row per snapshot and account with a balance, and what that balance is waiting for.
-- In this order: below zero it is a credit; a hospital patient not yet discharged is in house; without a final bill by
-- then it is discharged, not final billed (dnfb); never submitted, or rejected and not sent again, it is final billed,
-- not submitted (fbns), unless nobody but the patient is to pay. What is left splits between patient and payer.
-- The patient's part is what the standing adjudication left to the patient less what the patient has paid, within the
-- balance. The payer's part waits for the secondary payer when the primary payer has decided without an open denial, a
-- second coverage is on file, nothing was sent to it, and the primary payer did not forward the claim itself.
-- grain: org_id, snapshot_date, account_key
-- load: full
-- partition: org_id
-- checks: stage not null, patient_amount not null

with placed as (
    select
        snapshot_date.org_id,
        snapshot_date.date as snapshot_date,
        snapshot_date.prior_month_end,
        account.account_key,
        account.payer_class,
        account.has_secondary_coverage,
        state.balance_amount,
        state.patient_paid_amount,
        state.primary_denials,
        state.denials,
        state.primary_claim_no,
        state.secondary_claim_no,
        state.is_primary_adjudicated,
        state.first_submission_date,
        state.last_submission_date,
        state.last_response_date,
        state.last_followup_date,
        adjudication.patient_resp_amount,
        adjudication.responsibility_date,
        adjudication.primary_status_code,
        case
            when state.balance_amount < 0 then 'credit'
            when account.is_admitted and coalesce(account.discharge_date > snapshot_date.date, true) then 'in_house'
            when coalesce(account.final_bill_date > snapshot_date.date, true) then 'dnfb'
            when state.last_submission_date is not null and state.rejections <= 0 then 'open'
            when account.payer_class = 'self_pay' then 'self_pay'
            else 'fbns'
        end as stage
    from gold.account_state as state
    inner join gold.snapshot_date as snapshot_date
        on
            state.org_id = snapshot_date.org_id
            and snapshot_date.is_snapshot
            and snapshot_date.snapshot_no >= state.from_snapshot_no
            and snapshot_date.snapshot_no <= coalesce(state.to_snapshot_no, snapshot_date.snapshot_no)
    inner join gold.account as account
        on
            state.org_id = account.org_id
            and state.account_key = account.account_key
    left join gold.account_adjudication as adjudication
        on
            state.org_id = adjudication.org_id
            and state.account_key = adjudication.account_key
            and state.adjudication_state_no = adjudication.state_no
    where state.balance_amount <> 0
)

select
    placed.org_id,
    placed.snapshot_date,
    placed.prior_month_end,
    placed.account_key,
    placed.stage,
    placed.balance_amount,
    cast(
        case
            when placed.stage = 'self_pay' then placed.balance_amount
            when placed.stage <> 'open' then 0
            else least(
                placed.balance_amount,
                greatest(0, coalesce(placed.patient_resp_amount, 0) - placed.patient_paid_amount)
            )
        end as decimal(18, 2)
    ) as patient_amount,
    placed.primary_status_code is not null
    and placed.primary_status_code not in ('19', '20', '21')
    and placed.primary_denials <= 0
    and placed.has_secondary_coverage
    and placed.secondary_claim_no is null as is_pending_secondary,
    placed.denials > 0 as has_open_denial,
    case
        when placed.primary_claim_no is null or (placed.is_primary_adjudicated and placed.secondary_claim_no is not null)
            then placed.secondary_claim_no
        else placed.primary_claim_no
    end as claim_no,
    placed.primary_claim_no is not null
    and not (placed.is_primary_adjudicated and placed.secondary_claim_no is not null) as is_primary_responsible,
    placed.responsibility_date,
    placed.first_submission_date,
    placed.last_submission_date,
    placed.last_response_date,
    placed.last_followup_date
from placed
