"""Ingests a workspace and dies at the step whose number is given; prints how many there were."""

import os
import signal
import sys
from pathlib import Path

from claimlake.sources.ingest import ingest
from claimlake.workspace import Workspace


def main(folder: str, last_step: int) -> None:
    steps = 0

    def progress(_: str) -> None:
        nonlocal steps
        steps += 1
        if steps == last_step:
            os.kill(os.getpid(), signal.SIGKILL)

    ingest(Workspace.open(Path(folder)), progress=progress, settle_seconds=0)
    print(steps)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
