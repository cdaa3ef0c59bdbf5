"""What the bits of a result depend on beside the spec."""

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import threadpoolctl

from hpsearch.portable import BLAS_KERNEL

PORTABLE = "portable"


def environment() -> Mapping[str, str]:
    """Versions, processor and BLAS of this process; equal values give equal bits."""
    pools = _blas()
    blas = ", ".join(
        f"{pool['internal_api']} {pool['version']} {pool.get('architecture', '')}".strip()
        for pool in pools
    )
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": blas or "unknown",
        "blas_threads": ", ".join(str(pool["num_threads"]) for pool in pools) or "unknown",
        "kernels": "native" if not_portable() else PORTABLE,
        "extensions": " ".join(_extensions()) or "none",
        "processor": _processor(),
        "system": " ".join((platform.system(), platform.machine(), *platform.libc_ver())).strip(),
    }


def not_portable() -> str | None:
    """Why this process would not give the bits of other processors; None where it would."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return f"the processor is {platform.machine()}, not x86-64"
    kernels = {(pool["internal_api"], pool.get("architecture")) for pool in _blas()}
    if kernels != {("openblas", BLAS_KERNEL)}:
        names = ", ".join(f"{api} for {kernel}" for api, kernel in sorted(kernels, key=str))
        return f"the BLAS is {names or 'unknown'}, not openblas for {BLAS_KERNEL}"
    extensions = _extensions()
    if "X86_V4" in extensions or any(name.startswith("AVX512") for name in extensions):
        return f"NumPy uses {' '.join(extensions)}, which goes beyond AVX2"
    if not {"X86_V3", "AVX2"} & set(extensions):
        return "NumPy finds no AVX2 on this processor"
    return None


def _blas() -> list[dict[str, Any]]:
    return [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]


def _extensions() -> list[str]:
    """What NumPy uses of the processor beyond what it always asks for."""
    found: list[str] = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    return found


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
