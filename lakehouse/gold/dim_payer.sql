-- One row per payer, with the two that no payer list carries: 'self_pay' (no coverage on file) and 'unmapped' (a payer
-- identifier the crosswalk does not know; its money is kept under class 'other').
-- grain: org_id, payer_id
-- load: full
-- partition: org_id
-- checks: payer_name not null, payer_class not null

select
    payer.org_id,
    payer.payer_id,
    payer.payer_name,
    payer.payer_class
from silver.payer as payer
