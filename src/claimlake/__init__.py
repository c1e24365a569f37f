"""claimlake: an open-source lakehouse for the healthcare revenue cycle."""

__version__ = "0.1.0"
