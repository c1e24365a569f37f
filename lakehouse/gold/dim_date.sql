-- One row per tenant and calendar day, with the month it belongs to and the tenant's fiscal month.
-- The fiscal month counts from the first month of the tenant's fiscal year and is named after the calendar year in
-- which that fiscal year ends: with a fiscal year from October, 2025-11-03 is 'FY2026-02'.
-- grain: org_id, date
-- load: full
-- partition: org_id
-- checks: date not null, is_business_day not null

with fiscal as (
    select
        organization.org_id,
        calendar.date,
        extract(year from calendar.date) as calendar_year,
        extract(month from calendar.date) as calendar_month,
        coalesce(organization.fiscal_year_start_month, 1) as start_month
    from reference.organization as organization
    cross join reference.calendar as calendar
)

select
    fiscal.org_id,
    fiscal.date,
    calendar.month_start,
    calendar.month_end,
    concat(
        'FY',
        cast(
            fiscal.calendar_year
            + case when fiscal.start_month > 1 and fiscal.calendar_month >= fiscal.start_month then 1 else 0 end
            as text
        ),
        '-',
        right(concat('0', cast((fiscal.calendar_month - fiscal.start_month + 12) % 12 + 1 as text)), 2)
    ) as fiscal_month,
    calendar.days_in_month,
    calendar.is_business_day,
    calendar.day_of_week
from fiscal
inner join reference.calendar as calendar on fiscal.date = calendar.date
