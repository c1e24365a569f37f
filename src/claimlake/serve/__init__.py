"""The web application: dashboards, drill-down to the raw segment, and the JSON API."""
