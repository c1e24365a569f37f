"""`python -m claimlake` is the `claimlake` command."""

from claimlake.cli import main

main()
