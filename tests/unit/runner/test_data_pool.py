"""Data sets go to the workers once, and are let go."""

from dataclasses import dataclass, replace

import pytest

from hpsearch.datasets.values import Split
from hpsearch.errors import InvalidSpec
from hpsearch.jobs import Job
from hpsearch.runner.data_pool import DataPool
from hpsearch.runner.ports import Data
from tests.fakes import InlineEngine, MemorySource, MemoryStore
from tests.unit.runner.made_up_job import made_up, spec_of


@dataclass(eq=False)
class Sent:
    split: Split
    released: bool = False

    def release(self) -> None:
        self.released = True


class Sending(InlineEngine):
    """An engine that notes what was sent."""

    def __init__(self, memory: int | None = None) -> None:
        super().__init__(made_up)
        self.sent: list[Sent] = []
        self._memory = memory

    def load(self, split: Split) -> Data:
        self.sent.append(Sent(split))
        return self.sent[-1]

    def leg_memory(self) -> int | None:
        return self._memory


def job(**fields: object) -> Job:
    return MemoryStore().add(spec_of(**fields))


def test_jobs_that_train_on_the_same_parts_share_them() -> None:
    pool, engine = DataPool(MemorySource()), Sending()
    with pool.using(job(), engine) as one, pool.using(job(epochs=2), engine) as two:
        assert one.data is two.data
        with pool.using(job(seed=9), engine) as other:
            assert other.data is not one.data
        assert [each.released for each in engine.sent] == [False, True]
    assert all(each.released for each in engine.sent)
    with pool.using(job(), engine):
        assert len(engine.sent) == 3


def test_another_engine_gets_its_own() -> None:
    pool, first, second = DataPool(MemorySource()), Sending(), Sending()
    with pool.using(job(), first), pool.using(job(), second):
        assert len(first.sent) == len(second.sent) == 1


def test_a_job_that_was_accepted_before_its_data_set_was_here_is_looked_at_now() -> None:
    pool = DataPool(MemorySource())
    large = job(network={"architecture": "mlp", "hidden_units": 5000, "hidden_layers": 3})
    engine = Sending(memory=2**20)
    with pytest.raises(InvalidSpec, match="network: training mlp"), pool.using(large, engine):
        pass
    assert engine.sent[0].released
    before = replace(large, started_at=large.created_at)
    with pool.using(before, engine):
        pass
