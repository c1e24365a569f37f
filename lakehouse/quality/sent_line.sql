-- One row per line that breaks a rule. A line number used twice in one version of a claim, and a line of an 837 that does
-- not say what was done, are held; their claim then no longer adds up and is held as well.
-- of: silver.sent_line
-- key: line_key
-- rule: LIN-01 quarantine: repeated line number
-- rule: LIN-02 quarantine: line without procedure or revenue code
-- grain: org_id, rule_id, record_key
-- load: full

select
    line.org_id,
    line.source_system_id,
    'LIN-01' as rule_id,
    line.line_key as record_key,
    line.source_record_id
from silver.sent_line as line
where line.line_key <> sha256(concat_ws('|', line.claim_key, cast(line.line_number as text)))

union all

select
    line.org_id,
    line.source_system_id,
    'LIN-02' as rule_id,
    line.line_key as record_key,
    line.source_record_id
from silver.sent_line as line
where
    line.source_record_id like '%@%'
    and (
        (line.billing_type = 'PB' and line.procedure_code is null)
        or (line.billing_type = 'HB' and line.revenue_code is null)
    )
