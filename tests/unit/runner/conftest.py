"""What tests of a job's thread compare with."""

import pytest

from tests.fakes import MemoryStore
from tests.unit.runner.made_up_job import digest_of, run, spec_of


@pytest.fixture
def undisturbed() -> str:
    store = MemoryStore()
    store.add(spec_of())
    run(store)
    return digest_of(store)
