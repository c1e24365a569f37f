"""Engines: what runs the SQL of the models, on this machine or on a cluster."""
