-- One row per reversal (B2) of a pharmacy for a fill that nobody billed.
-- of: silver.pharmacy_claim
-- rule: RXC-03 warn: reversal without fill
-- grain: org_id, rule_id, record_key
-- load: full

select
    reversal.org_id,
    reversal.source_system_id,
    'RXC-03' as rule_id,
    reversal.rx_claim_key as record_key,
    reversal.source_record_id
from silver.pharmacy_claim as reversal
left join silver.pharmacy_claim as fill
    on
        reversal.org_id = fill.org_id
        and reversal.source_system_id = fill.source_system_id
        and reversal.rx_number = fill.rx_number
        and coalesce(reversal.fill_number, 0) = coalesce(fill.fill_number, 0)
        and coalesce(fill.transaction_code, 'B1') <> 'B2'
where reversal.transaction_code = 'B2' and fill.rx_claim_key is null
