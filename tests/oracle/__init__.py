"""KPIs worked out a second time, in plain Python, from the generator's hidden ledger.

Nothing here reads a SQL model, the metric engine or a file the lake has read: only the truth tables, the
tenant files and the code sets.
"""
