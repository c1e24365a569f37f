-- One row per claim line that breaks a rule.
-- of: silver.claim_line
-- rule: LIN-03 warn: line date outside the claim period
-- rule: LIN-04 warn: units of a line not above zero
-- grain: org_id, rule_id, record_key
-- load: full

select
    line.org_id,
    line.source_system_id,
    'LIN-03' as rule_id,
    line.line_key as record_key,
    line.source_record_id
from silver.claim_line as line
inner join silver.claim as claim
    on
        line.org_id = claim.org_id
        and line.claim_key = claim.claim_key
where line.service_from < claim.statement_from or line.service_from > claim.statement_to

union all

select
    line.org_id,
    line.source_system_id,
    'LIN-04' as rule_id,
    line.line_key as record_key,
    line.source_record_id
from silver.claim_line as line
where line.units <= 0
