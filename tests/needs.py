"""What some tests need of the machine; without it they skip, and say what is missing."""

import os
import platform
from pathlib import Path

import pytest

ON_X86_64 = platform.machine() in ("x86_64", "AMD64")
x86_64 = pytest.mark.skipif(not ON_X86_64, reason="--portable needs AVX2, which only x86-64 has")


def real_data(name: str) -> Path:
    """A file or folder of real images, which are too large for the repository."""
    folder = os.environ.get("HPSEARCH_TEST_DATA")
    if not folder:
        pytest.skip(f"HPSEARCH_TEST_DATA names no folder with {name}")
    return Path(folder) / name
