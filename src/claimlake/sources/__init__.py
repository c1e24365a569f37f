"""Sources: files, X12 and databases of hospitals, payers and clearinghouses, brought into bronze."""
