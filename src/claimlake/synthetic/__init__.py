"""A deterministic synthetic health-care network: EMR databases, raw X12, flat files and the hidden truth."""
