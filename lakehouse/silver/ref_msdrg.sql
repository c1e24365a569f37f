-- One row per version of an MS-DRG: its relative weight and length of stay from effective_from up to effective_to.
-- grain: source_system_id, drg_code, effective_from
-- load: full
-- partition: org_id
-- checks: drg_code not null, warn: drg_weight not null

select
    code.org_id,
    code.source_system_id,
    code.code as drg_code,
    code.label,
    code.category as major_diagnostic_category,
    code.weight as drg_weight,
    code.geometric_mean_days,
    code.effective_from,
    code.effective_to
from silver.ref_code as code
where code.code_set = 'msdrg'
