"""Who may see what: users, roles, masked sessions and the audit chain."""
