-- One row per account and day on which the adjudications its balance rests on changed: one arrived or was taken back.
-- The adjudication that stands is the latest not reversed by that day, over all claims of the account (order: remittance
-- date, payer sequence P before S before T, trace number, place in the 835). What it leaves to the patient replaces, and
-- is not added to, what earlier payers left (coordination of benefits). The standing adjudication of the primary claim
-- is kept beside it, with whether that payer forwarded the claim itself (CLP02 19, 20, 21).
-- grain: org_id, account_key, from_date
-- load: full
-- partition: org_id
-- checks: state_no not null, patient_resp_amount not null

with adjudication as (
    select
        payment.org_id,
        payment.claim_payment_key,
        claim.account_key,
        claim.payer_sequence,
        payment.remit_date,
        payment.reversed_on,
        payment.trace_number,
        payment.clp_ordinal,
        payment.clp_status_code,
        payment.pr_amount
    from gold.adjudication as payment
    inner join gold.claim as claim
        on
            payment.org_id = claim.org_id
            and payment.claim_key = claim.claim_key
    where payment.is_adjudication
),

change as (
    select
        adjudication.org_id,
        adjudication.account_key,
        adjudication.remit_date as from_date
    from adjudication

    union distinct

    select
        adjudication.org_id,
        adjudication.account_key,
        adjudication.reversed_on as from_date
    from adjudication
    where adjudication.reversed_on is not null
),

standing as (
    select
        change.org_id,
        change.account_key,
        change.from_date,
        adjudication.payer_sequence,
        adjudication.remit_date,
        adjudication.pr_amount,
        adjudication.clp_status_code,
        row_number() over (
            partition by change.org_id, change.account_key, change.from_date
            order by
                adjudication.remit_date desc,
                adjudication.payer_sequence desc,
                adjudication.trace_number desc,
                adjudication.clp_ordinal desc,
                adjudication.claim_payment_key desc
        ) as account_position,
        row_number() over (
            partition by change.org_id, change.account_key, change.from_date, adjudication.payer_sequence
            order by
                adjudication.remit_date desc,
                adjudication.trace_number desc,
                adjudication.clp_ordinal desc,
                adjudication.claim_payment_key desc
        ) as sequence_position
    from change
    left join adjudication
        on
            change.org_id = adjudication.org_id
            and change.account_key = adjudication.account_key
            and adjudication.remit_date <= change.from_date
            and coalesce(adjudication.reversed_on > change.from_date, true)
)

select
    standing.org_id,
    standing.account_key,
    standing.from_date,
    row_number() over (
        partition by standing.org_id, standing.account_key order by standing.from_date
    ) as state_no,
    cast(
        coalesce(max(case when standing.account_position = 1 then standing.pr_amount end), 0)
        as decimal(18, 2)
    ) as patient_resp_amount,
    max(case when standing.account_position = 1 then standing.remit_date end) as responsibility_date,
    max(
        case when standing.payer_sequence = 'P' and standing.sequence_position = 1 then standing.clp_status_code end
    ) as primary_status_code
from standing
group by standing.org_id, standing.account_key, standing.from_date
