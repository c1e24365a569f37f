-- One row per tenant and claim adjustment reason code: what it means, where its root cause sits and who works it.
-- grain: org_id, carc
-- load: full
-- partition: org_id
-- checks: category not null

select
    organization.org_id,
    reason.carc,
    reason.short_label,
    reason.category,
    reason.stage,
    reason.avoidable,
    reason.hardness,
    reason.owner_team
from reference.organization as organization
cross join reference.carc as reason
