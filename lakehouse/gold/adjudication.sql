-- One row per payment of a claim in an 835 (one CLP loop), placed in the order its payer sent them.
-- A payer adjudicates with CLP02 1, 2, 3, 4, 19, 20 or 21; 22 takes an earlier payment back, 23 and 25 decide nothing.
-- The payments of a claim are ordered by remittance date (BPR16, else DTM*405), trace number and place in the 835; its
-- adjudications are numbered from 1. A payment is known to be taken back from the day of its reversal. Patient
-- responsibility is the sum of the PR adjustments, not CLP05, which payers omit or miscount.
-- grain: org_id, claim_payment_key
-- load: full
-- partition: org_id
-- checks: remit_date not null, pr_amount not null

with dated as (
    select
        payment.*,
        remittance.remit_date,
        remittance.trace_number,
        payment.clp_status_code in ('1', '2', '3', '4', '19', '20', '21') as is_adjudication
    from silver.claim_payment as payment
    inner join silver.remittance as remittance
        on
            payment.org_id = remittance.org_id
            and payment.remittance_key = remittance.remittance_key
),

numbered as (
    select
        dated.org_id,
        dated.claim_payment_key,
        row_number() over (
            partition by dated.org_id, dated.claim_key
            order by dated.remit_date, dated.trace_number, dated.clp_ordinal, dated.claim_payment_key
        ) as adjudication_no
    from dated
    where dated.is_adjudication and dated.claim_key is not null
),

patient as (
    select
        adjustment.org_id,
        adjustment.claim_payment_key,
        sum(adjustment.amount) as pr_amount
    from silver.claim_adjustment as adjustment
    where adjustment.group_code = 'PR'
    group by adjustment.org_id, adjustment.claim_payment_key
)

select
    dated.org_id,
    dated.claim_payment_key,
    dated.remittance_key,
    dated.claim_key,
    dated.remit_date,
    dated.trace_number,
    dated.clp_ordinal,
    dated.clp_status_code,
    dated.charge_amount,
    dated.paid_amount,
    dated.is_adjudication,
    numbered.adjudication_no,
    coalesce(numbered.adjudication_no = 1, false) as is_first_adjudication,
    reversal.remit_date as reversed_on,
    cast(coalesce(patient.pr_amount, 0) as decimal(18, 2)) as pr_amount
from dated
left join numbered
    on
        dated.org_id = numbered.org_id
        and dated.claim_payment_key = numbered.claim_payment_key
left join dated as reversal
    on
        dated.org_id = reversal.org_id
        and dated.reversed_by_key = reversal.claim_payment_key
left join patient
    on
        dated.org_id = patient.org_id
        and dated.claim_payment_key = patient.claim_payment_key
