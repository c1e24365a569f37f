-- One row per snapshot, account and responsibility bucket: who owes the amount and since when.
-- An account's balance is one row, or two when the patient and a payer owe parts of it. Credits, in-house stays and
-- unbilled balances belong to the account's payer; payer rows belong to the payer the claim was last sent to in turn:
-- the secondary once the primary has decided and a secondary claim is out. A payer is responsible from the first
-- submission to it, a patient from the adjudication that moved the amount (self-pay: from the final bill).
-- grain: org_id, snapshot_date, account_key, ar_bucket
-- load: full
-- partition: org_id
-- checks: balance_amount not null

with part as (
    select
        balance.*,
        'patient' as ar_bucket,
        balance.patient_amount as part_amount
    from gold.ar_balance as balance
    where balance.patient_amount > 0

    union all

    select
        balance.*,
        case
            when balance.stage <> 'open' then balance.stage
            when balance.is_pending_secondary then 'pending_secondary'
            else 'insurance'
        end as ar_bucket,
        cast(balance.balance_amount - balance.patient_amount as decimal(18, 2)) as part_amount
    from gold.ar_balance as balance
    where balance.balance_amount <> balance.patient_amount
)

select
    part.org_id,
    part.snapshot_date,
    part.prior_month_end,
    part.account_key,
    part.ar_bucket,
    part.part_amount as balance_amount,
    primary_claim.charge_cents,
    primary_claim.expected_cents,
    claim.claim_key,
    claim.payer_sequence,
    coalesce(claim.payer_id, account.payer_id) as payer_id,
    coalesce(claim.payer_class, account.payer_class) as payer_class,
    date_diff('day', account.first_service_date, part.snapshot_date) as age_from_service,
    date_diff('day', coalesce(account.discharge_date, account.last_service_date), part.snapshot_date)
        as age_from_discharge,
    date_diff('day', account.final_bill_date, part.snapshot_date) as age_from_final_bill,
    date_diff(
        'day',
        case
            when part.ar_bucket in ('insurance', 'pending_secondary') then claim.responsible_since
            when part.stage = 'self_pay' then account.final_bill_date
            when part.ar_bucket = 'patient' then part.responsibility_date
        end,
        part.snapshot_date
    ) as age_from_responsibility,
    date_diff('day', part.last_submission_date, part.snapshot_date) as days_since_submission,
    date_diff('day', coalesce(part.last_response_date, part.first_submission_date), part.snapshot_date)
        as days_since_payer_response,
    date_diff('day', part.last_followup_date, part.snapshot_date) as days_since_followup,
    part.ar_bucket = 'insurance' and part.has_open_denial as is_denied_open
from part
inner join gold.account as account
    on
        part.org_id = account.org_id
        and part.account_key = account.account_key
left join gold.account_claim as claim
    on
        part.org_id = claim.org_id
        and part.account_key = claim.account_key
        and part.claim_no = claim.claim_no
        and part.is_primary_responsible = claim.is_primary
        and part.ar_bucket in ('insurance', 'pending_secondary')
left join gold.account_claim as primary_claim
    on
        part.org_id = primary_claim.org_id
        and part.account_key = primary_claim.account_key
        and primary_claim.is_primary
        and primary_claim.claim_no = 1
