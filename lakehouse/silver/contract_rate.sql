-- One row per rate of a payer contract: a fee for a code, or a share of the charge for everything else.
-- grain: org_id, contract_rate_key
-- load: full
-- partition: org_id
-- checks: contract_rate_key unique, contract_key in silver.contract

select
    term.org_id,
    term.source_system_id,
    term.source_record_id,
    term.load_id,
    term.record_hash,
    term.loaded_at,
    term.contract_rate_key,
    term.contract_key,
    term.rate_method,
    term.code_type,
    term.code,
    term.modifier,
    term.place_of_service,
    term.rate_amount,
    term.rate_percent,
    term.stop_loss_threshold,
    term.effective_from,
    term.effective_to,
    term.contract_id,
    term.entity_id,
    term.payer_id,
    term.billing_type
from silver.contract_term as term
