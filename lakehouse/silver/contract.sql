-- One row per payer contract: who may bill what to whom from when to when, and its deadlines.
-- The deadlines are read from the newest delivered term of the contract.
-- grain: org_id, contract_key
-- load: full
-- partition: org_id
-- checks: contract_key unique, payer_id not null

with ranked as (
    select
        term.*,
        row_number() over (
            partition by term.org_id, term.contract_key
            order by term.loaded_at desc, term.source_record_id desc
        ) as place
    from silver.contract_term as term
)

select
    term.org_id,
    term.source_system_id,
    term.source_record_id,
    term.load_id,
    term.record_hash,
    term.loaded_at,
    term.contract_key,
    term.contract_id,
    term.entity_id,
    term.payer_id,
    term.plan_id,
    term.billing_type,
    term.effective_from,
    term.effective_to,
    term.claim_filing_days,
    term.filing_basis,
    term.corrected_claim_days,
    term.appeal_days_level1,
    term.appeal_days_level2,
    term.prompt_pay_days,
    term.prompt_pay_interest_rate,
    term.underpayment_tolerance
from ranked as term
where term.place = 1
