"""Ingests a workspace and dies at the step whose number is given, or after some seconds; prints the steps."""

import os
import signal
import sys
import threading
from pathlib import Path

from claimlake.sources.ingest import ingest
from claimlake.workspace import Workspace


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(folder: str, last_step: int, seconds: float | None = None) -> None:
    steps = 0

    def progress(_: str) -> None:
        nonlocal steps
        steps += 1
        if steps == 1 and seconds is not None:
            threading.Timer(seconds, die).start()
        if steps == last_step:
            die()

    ingest(Workspace.open(Path(folder)), progress=progress, settle_seconds=0)
    print(steps, flush=True)
    os._exit(0)  # a timer that waits no longer matters


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *map(float, sys.argv[3:]))
