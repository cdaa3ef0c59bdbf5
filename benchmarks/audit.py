"""How long an audit takes: a made-up search of many trials, audited without training.

`python -m benchmarks.audit [TRIALS]`; the limit is 60 s for 10,000 trials.
"""

import sys
import time

from hpsearch.auditing.audit import audit
from hpsearch.auditing.record import Record
from hpsearch.digest import seal_of
from hpsearch.spec.search import parse_spec
from tests.made_up_trainers import Simulation, valley

SPEC = {
    "dataset": "digits",
    "network": "mlp",
    "cohort": 8,
    "space": {
        "learning_rate": {"low": 1e-4, "high": 10, "log": True},
        "weight_decay": {"low": 1e-6, "high": 0.1, "log": True},
    },
}


def main(trials: int) -> None:
    """Print the seconds, and the findings, of which there must be none."""
    spec = parse_spec({**SPEC, "budget": {"trials": trials}})
    simulation = Simulation(spec, valley)
    done = simulation.run()
    reason = None if done is None else done.reason
    seals = {trial.number: seal_of(trial) for trial in simulation.history.trials}
    began = time.perf_counter()
    found = audit(Record(spec, simulation.history, reason, True, seals))
    seconds = time.perf_counter() - began
    print(f"{len(seals):,} trials audited in {seconds:.1f} s, {len(found)} findings")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
