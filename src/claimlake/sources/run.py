"""One ingestion under way: what all its sources share."""

from collections.abc import Mapping
from dataclasses import dataclass

from claimlake.lake.contract import Contract
from claimlake.lake.land import Progress
from claimlake.sources.load_config import LoadConfig
from claimlake.sources.report import IngestReport
from claimlake.sources.throttle import Clock
from claimlake.workspace import Workspace


@dataclass(frozen=True)
class Run:
    """One ingestion under way."""

    workspace: Workspace
    contracts: Mapping[str, Contract]
    report: IngestReport
    progress: Progress
    settle_seconds: float
    secret: bytes
    config: LoadConfig
    clock: Clock
    is_confirmed: bool = False
    """Whether deletions that look doubtful are carried out."""
