-- One row per payment notice that breaks a rule. A deposit has five days, which is three business days over any weekend,
-- counted to the newest line of the bank; a tenant without bank lines is not judged.
-- of: silver.remittance
-- rule: ERA-06 warn: no bank deposit for the trace of a remittance
-- grain: org_id, rule_id, record_key
-- load: full

with bank as (
    select
        deposit.org_id,
        max(deposit.deposit_date) as deposit_date
    from silver.bank_deposit as deposit
    group by deposit.org_id
)

select
    remittance.org_id,
    remittance.source_system_id,
    'ERA-06' as rule_id,
    remittance.remittance_key as record_key,
    remittance.source_record_id
from silver.remittance as remittance
inner join bank on remittance.org_id = bank.org_id
where
    remittance.payment_amount > 0
    and remittance.deposit_id is null
    and date_diff('day', remittance.remit_date, bank.deposit_date) > 5
