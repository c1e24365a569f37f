-- One row per coverage that breaks a rule.
-- A payer outside the crosswalk keeps its claims and money under 'unmapped'; this is where it is counted.
-- of: silver.member
-- key: member_key
-- rule: MEM-01 warn: payer is not in the crosswalk
-- rule: MEM-04 warn: two primary coverages overlap, coordination of benefits unclear
-- grain: org_id, rule_id, record_key
-- load: full

with primary_coverage as (
    select
        member.*,
        max(coalesce(member.coverage_end, date '9999-12-31')) over (
            partition by member.org_id, member.patient_key, coalesce(member.account_key, '')
            order by member.coverage_start, member.member_key
            rows between unbounded preceding and 1 preceding
        ) as covered_until
    from silver.member as member
    where member.is_current and member.coverage_order = 1 and member.coverage_start is not null
)

select
    member.org_id,
    member.source_system_id,
    'MEM-01' as rule_id,
    member.member_key as record_key,
    member.source_record_id
from silver.member as member
where member.is_current and member.payer_id = 'unmapped'

union all

select
    coverage.org_id,
    coverage.source_system_id,
    'MEM-04' as rule_id,
    coverage.member_key as record_key,
    coverage.source_record_id
from primary_coverage as coverage
where coverage.coverage_start <= coverage.covered_until
