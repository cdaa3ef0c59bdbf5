"""A trial trained again, to the same bits, in this process."""

from collections.abc import Iterator, Mapping, Sequence

import threadpoolctl

from hpsearch.datasets.values import Split
from hpsearch.spec.search import SearchSpec
from hpsearch.spec.space import Value
from hpsearch.training.leg import TrainState, run_leg
from hpsearch.training.tasks import leg_task
from hpsearch.trial import Report


def train_again(
    spec: SearchSpec,
    data: Split,
    number: int,
    params: Mapping[str, Value],
    steps: Sequence[int],
) -> Iterator[tuple[TrainState | None, Report]]:
    """The trial's network at each report point, with its report, on one BLAS thread.

    steps: of the reports, ascending, in hundredths of an epoch. Ends with the report of a training
    that diverged, which has no state.
    """
    state = None
    with threadpoolctl.threadpool_limits(1):
        for step in steps:
            point = step / 100
            task = leg_task(spec, params, number, point, len(data.training))
            state, leg = run_leg(task, data, state)
            yield state, leg.at(point, spec.objective)
            if state is None:
                return
