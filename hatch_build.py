"""Compiles the X12 kernel into the wheel; without a C compiler the wheel is built all the same."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NATIVE = Path("src/claimlake/sources/x12/native")
LIBRARY = "x12_kernel.so"


def compile_kernel(root: Path) -> bool:
    """Build the kernel in the source tree; false when there is no compiler or it fails."""
    compiler = next(filter(None, map(shutil.which, (os.environ.get("CC", "cc"), "gcc", "clang"))), None)
    if compiler is None or sys.platform == "win32":
        return False
    folder = root / NATIVE
    sources = [str(path) for path in sorted(folder.glob("*.c"))]
    target = folder / LIBRARY
    target.unlink(missing_ok=True)
    flags = ["-std=c99", "-O3", "-fvisibility=hidden", "-shared", "-fPIC"]
    command = [compiler, *flags, "-o", str(target), *sources]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=300)  # noqa: S603 own command
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and target.exists()


class KernelHook(BuildHookInterface[Any]):
    """Adds the compiled kernel to the wheel and marks the wheel with this platform."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before a wheel (also an editable one) is made."""
        if self.target_name != "wheel" or not compile_kernel(Path(self.root)):
            return
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{platform}"
        build_data["pure_python"] = False
        build_data["artifacts"].append(f"/{NATIVE}/{LIBRARY}")
