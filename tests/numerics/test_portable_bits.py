"""Pinned, every x86-64 processor with AVX2 gives the bits that stand in portable_bits.json."""

import json
import os
import subprocess
import sys

import pytest

from hpsearch.portable import variables
from tests.needs import x86_64
from tests.numerics.portable_bits import GOLDEN

pytestmark = [pytest.mark.slow, x86_64]  # slow: each needs a process of its own


def test_the_golden_hashes_come_out() -> None:
    found = json.loads(_run("-m", "tests.numerics.portable_bits", **variables()))
    golden = json.loads(GOLDEN.read_text())
    assert found["not portable"] is None
    assert found["versions"] == golden["versions"], (
        "the golden hashes are those of other versions; see tests/numerics/portable_bits.py"
    )
    assert found["hashes"] == golden["hashes"]


def test_a_process_that_is_not_pinned_says_what_it_uses() -> None:
    """The kernel of old processors, which every processor has."""
    why = "from hpsearch.environment import not_portable; print(not_portable())"
    assert "not openblas for Haswell" in _run("-c", why, OPENBLAS_CORETYPE="Prescott")
    assert _run("-c", why, **variables()).strip() == "None"


def test_pinning_comes_before_numpy() -> None:
    """A process that pins itself is pinned, and so is all that it starts."""
    words = (
        "from hpsearch.portable import pin; pin();"
        "from hpsearch.environment import environment; print(environment()['kernels'])"
    )
    assert _run("-c", words).strip() == "portable"


def _run(*words: str, **environment: str) -> str:
    clean = {name: value for name, value in os.environ.items() if name not in variables()}
    command = [sys.executable, *words]
    done = subprocess.run(
        command, env={**clean, **environment}, capture_output=True, text=True, check=True
    )
    return done.stdout
