"""The lake: Delta tables, their contracts, the models that build them and the snapshots that publish them."""
