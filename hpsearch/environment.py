"""What the bits of a result depend on beside the spec."""

import platform
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import threadpoolctl


def environment() -> Mapping[str, str]:
    """Versions, processor and BLAS of this process; equal values give equal bits."""
    pools = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
    blas = ", ".join(
        f"{pool['internal_api']} {pool['version']} {pool.get('architecture', '')}".strip()
        for pool in pools
    )
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": blas or "unknown",
        "blas_threads": ", ".join(str(pool["num_threads"]) for pool in pools) or "unknown",
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
