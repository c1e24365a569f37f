"""The commands, a noun a module; claimlake.cli puts them together."""
