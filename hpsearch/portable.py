"""The same bits on every x86-64 processor with AVX2.

NumPy and its BLAS choose among kernels by the processor that they find, and two kernels add up in
two orders. Pinned, they choose those for AVX2 everywhere. Both read what to choose from variables,
once, when they are loaded: `pin` comes before NumPy is imported, or before the process is started
that will import it.
"""

import os
import sys
from importlib.metadata import version

VARIABLE = "HPSEARCH_PORTABLE"
BLAS_KERNEL = "Haswell"
PROCESSORS = "an x86-64 processor with AVX2 and NumPy's own wheel, which brings OpenBLAS"

# NumPy's names for what goes beyond AVX2; 2.4 put them together.
_WIDER = "X86_V4 AVX512_ICL AVX512_SPR"
_WIDER_BEFORE_2_4 = "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR"


def asked_for() -> bool:
    """Whether the variable says so."""
    return os.environ.get(VARIABLE, "").lower() in ("1", "true", "yes", "on")


def pin() -> None:
    """Have this process, if it has not loaded NumPy, and all that it starts use AVX2 alone."""
    os.environ.update(variables())


def variables() -> dict[str, str]:
    """What a process that is to be pinned has in its environment."""
    release = tuple(int(part) for part in version("numpy").split(".")[:2])
    return {
        VARIABLE: "true",
        "OPENBLAS_CORETYPE": BLAS_KERNEL,
        "NPY_DISABLE_CPU_FEATURES": _WIDER if release >= (2, 4) else _WIDER_BEFORE_2_4,
    }


def restart_pinned() -> None:
    """Begin this very command again, pinned. Does not return."""
    sys.stdout.flush()
    os.execve(sys.executable, sys.orig_argv, {**os.environ, **variables()})  # noqa: S606 - our own command line
