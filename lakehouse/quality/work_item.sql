-- One row per work item that breaks a rule.
-- of: silver.work_item
-- rule: WRK-03 warn: work item resolved before it was entered
-- grain: org_id, rule_id, record_key
-- load: full

select
    item.org_id,
    item.source_system_id,
    'WRK-03' as rule_id,
    item.work_item_key as record_key,
    item.source_record_id
from silver.work_item as item
where item.resolved_at < item.entered_at
