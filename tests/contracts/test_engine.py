"""What every engine keeps to: the one of the tests, and the one on real Dask workers."""

import queue
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import pytest

from hpsearch.datasets.values import Part, Split
from hpsearch.errors import ImpossibleShape, LegTooLarge
from hpsearch.runner.dask_engine import DaskEngine
from hpsearch.runner.fair_queue import Share
from hpsearch.runner.ports import Data, Engine, Leg, LegDone, LegFailed, LegLanded, LegResult
from hpsearch.spec.network import NetworkSettings
from hpsearch.spec.training import TrainingSettings
from hpsearch.training.leg import LegTask, run_leg
from hpsearch.training.timing import Probe
from tests.fakes import InlineEngine

WAIT = 60  # seconds
MEMORY = 2**30
PIXELS = np.random.default_rng(0).integers(0, 256, (40, 1, 8, 8), dtype=np.uint8)
SPLIT = Split(Part(PIXELS, np.arange(40) % 4), Part(PIXELS, np.arange(40) % 4), 4)
TASK = LegTask(NetworkSettings(architecture="mlp"), TrainingSettings(batch_size=10), 0, 0, 4, 8)
ENDLESS = replace(TASK, stop_step=10**9, total_steps=10**9)


def trained(task: LegTask) -> LegResult:
    """As a worker does, from the first step."""
    try:
        return LegDone(run_leg(task, SPLIT, None, memory=MEMORY)[1])
    except (ImpossibleShape, LegTooLarge) as error:
        return LegFailed(error)


@pytest.fixture(scope="module", params=["inline", "dask"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    makers: Mapping[str, Callable[[], Engine]] = {
        "inline": lambda: InlineEngine(trained),
        "dask": lambda: DaskEngine.local(1, tmp_path_factory.mktemp("workers"), memory=MEMORY),
    }
    made = makers[request.param]()
    yield made
    made.close()


@pytest.fixture
def loaded(engine: Engine) -> Iterator[Data]:
    data = engine.load(SPLIT)
    yield data
    data.release()


def submit(
    engine: Engine,
    data: Data,
    inbox: "queue.Queue[LegLanded]",
    task: LegTask = TASK,
    previous: Leg | None = None,
) -> Leg:
    return engine.submit(task, data, previous, Share(), task.trial, inbox)


def test_a_leg_lands_once_with_its_report(engine: Engine, loaded: Data) -> None:
    inbox: queue.Queue[LegLanded] = queue.Queue()
    leg = submit(engine, loaded, inbox)
    landed = inbox.get(timeout=WAIT)
    assert landed.leg is leg
    assert isinstance(landed.result, LegDone)
    assert landed.result.report.step == 4
    other = submit(engine, loaded, inbox, replace(TASK, trial=1))
    assert inbox.get(timeout=WAIT).leg is other
    assert inbox.empty()
    leg.release()
    other.release()


def test_a_leg_that_goes_on_comes_to_the_bits_of_one_that_never_stopped(
    engine: Engine, loaded: Data
) -> None:
    inbox: queue.Queue[LegLanded] = queue.Queue()
    first = submit(engine, loaded, inbox)
    inbox.get(timeout=WAIT)
    second = submit(engine, loaded, inbox, replace(TASK, stop_step=8), first)
    landed = inbox.get(timeout=WAIT)
    whole = run_leg(replace(TASK, stop_step=8), SPLIT, None)[1]
    assert isinstance(landed.result, LegDone)
    assert landed.result.report.loss == whole.loss
    first.release()
    second.release()


@pytest.mark.parametrize(
    ("network", "kind"),
    [
        ({"architecture": "simple_convnet", "kernel_size": 9}, ImpossibleShape),
        ({"architecture": "mlp", "hidden_units": 20_000, "hidden_layers": 3}, LegTooLarge),
    ],
)
def test_what_cannot_be_trained_fails_with_its_own_error(
    engine: Engine, loaded: Data, network: dict[str, object], kind: type[BaseException]
) -> None:
    inbox: queue.Queue[LegLanded] = queue.Queue()
    impossible = replace(TASK, network=NetworkSettings.model_validate(network))
    leg = submit(engine, loaded, inbox, impossible)
    result = inbox.get(timeout=WAIT).result
    assert isinstance(result, LegFailed)
    assert type(result.error) is kind
    leg.release()


def test_it_times_training_and_says_what_cannot_be(engine: Engine) -> None:
    probe = Probe(TASK.network, "adam", False, 10, (1, 8, 8), 4)
    timing = engine.time(probe).result(WAIT)
    assert 0 < timing.step < 1
    assert 0 < timing.score < 1
    impossible = NetworkSettings(architecture="simple_convnet", kernel_size=9)
    assert isinstance(
        engine.time(replace(probe, network=impossible)).exception(WAIT), ImpossibleShape
    )


def test_it_says_what_its_bits_depend_on_and_how_many_legs_it_trains(engine: Engine) -> None:
    assert "numpy" in engine.environment()
    assert engine.workers() == 1
    assert not engine.lost()


def test_a_leg_that_was_released_never_lands_and_frees_its_worker(
    engine: Engine, loaded: Data
) -> None:
    if isinstance(engine, InlineEngine):
        pytest.skip("its only thread trains what it has begun")
    released: queue.Queue[LegLanded] = queue.Queue()
    inbox: queue.Queue[LegLanded] = queue.Queue()
    submit(engine, loaded, released, ENDLESS).release()
    submit(engine, loaded, released, ENDLESS).release()
    leg = submit(engine, loaded, inbox)
    assert inbox.get(timeout=WAIT).leg is leg
    assert released.empty()
    leg.release()
