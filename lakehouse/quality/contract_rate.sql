-- One row per contract rate that breaks a rule: of two that overlap, the one that begins later is held.
-- of: silver.contract_rate
-- key: contract_rate_key
-- rule: CON-01 quarantine: overlapping contract rates
-- grain: org_id, rule_id, record_key
-- load: full

with rate as (
    select
        term.*,
        max(coalesce(term.effective_to, date '9999-12-31')) over (
            partition by
                term.org_id, term.contract_key, term.rate_method, term.code_type, coalesce(term.code, ''),
                coalesce(term.modifier, ''), coalesce(term.place_of_service, '')
            order by term.effective_from, term.contract_rate_key
            rows between unbounded preceding and 1 preceding
        ) as covered_until
    from silver.contract_rate as term
)

select
    rate.org_id,
    rate.source_system_id,
    'CON-01' as rule_id,
    rate.contract_rate_key as record_key,
    rate.source_record_id
from rate
where rate.effective_from <= rate.covered_until
