"""The command line: every command, in the order of the work."""

import logging

import click

from claimlake import __version__
from claimlake.commands.audit import audit_group
from claimlake.commands.doctor import doctor_command
from claimlake.commands.metrics import metrics_group
from claimlake.commands.pipeline import (
    build_command,
    ingest_command,
    init_command,
    run_command,
    watch_command,
)
from claimlake.commands.quarantine import quarantine_group
from claimlake.commands.reference import reference_group
from claimlake.commands.schedule import schedule_group
from claimlake.commands.serve import serve_command
from claimlake.commands.sources import sources_group
from claimlake.commands.synthetic import demo_command, generate_command
from claimlake.commands.terminal import CommandGroup
from claimlake.commands.users import users_group
from claimlake.commands.x12 import x12_command

COMMANDS = (
    demo_command,
    x12_command,
    generate_command,
    init_command,
    ingest_command,
    build_command,
    run_command,
    watch_command,
    schedule_group,
    metrics_group,
    sources_group,
    quarantine_group,
    reference_group,
    audit_group,
    users_group,
    serve_command,
    doctor_command,
)


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """A lakehouse for the healthcare revenue cycle: raw claims traffic in, trusted figures out."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")


for command in COMMANDS:
    main.add_command(command)
