"""KPIs are data: read the catalogue, compile it to a few scans, publish canonical results."""
