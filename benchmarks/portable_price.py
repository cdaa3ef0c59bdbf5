"""What pinned kernels cost on this processor. `make bench-portable`

Trains the same networks in processes that are pinned (see hpsearch.portable) and in processes that
are not, in turns, and prints the processor time of each and their ratio.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from statistics import median
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy

import numpy as np

from hpsearch.datasets.values import Part, Split
from hpsearch.environment import environment
from hpsearch.portable import variables
from hpsearch.spec.search import parse_spec
from hpsearch.training.leg import run_leg
from hpsearch.training.tasks import leg_task

MOST = 1.6
EPOCHS = 1.0
IMAGES = 2000
NETWORKS: Mapping[str, Mapping[str, Any]] = {
    "mlp": {"architecture": "mlp"},
    "simple_convnet": {"architecture": "simple_convnet"},
    "lenet5": {"architecture": "lenet5"},
    "lenet5, tanh": {"architecture": "lenet5", "activation": "tanh"},
    "lenet5, sigmoid": {"architecture": "lenet5", "activation": "sigmoid"},
    "lenet5, batch norm": {"architecture": "lenet5", "batch_norm": True},
    "lenet5, dropout": {"architecture": "lenet5", "dropout": 0.3},
    "alexnet_small": {"architecture": "alexnet_small"},
    "deep_convnet": {"architecture": "deep_convnet"},
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--turns", type=int, default=5, help="of each kind; default %(default)s")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps({"processor": environment()["processor"], "seconds": _seconds()}))
        return 0
    turns = [(_run(pinned=True), _run(pinned=False)) for _ in range(options.turns)]
    print(f"{turns[0][0]['processor']}: seconds of processor time an epoch of {IMAGES} images\n")
    print(f"{'network':20} {'pinned':>8} {'native':>8} {'ratio':>6}")
    worst = 0.0
    for name in NETWORKS:
        pinned, native = (median(turn[kind]["seconds"][name] for turn in turns) for kind in (0, 1))
        worst = max(worst, pinned / native)
        print(f"{name:20} {pinned:8.3f} {native:8.3f} {pinned / native:6.2f}")
    print(f"\nthe highest price is {worst:.2f}; the target is at most {MOST}")
    return 0 if worst <= MOST else 1


def _run(pinned: bool) -> dict[str, Any]:
    """Measure in a process of its own."""
    own = variables()
    clean = {name: value for name, value in os.environ.items() if name not in own}
    command = [sys.executable, "-m", "benchmarks.portable_price", "--measure"]
    given = {**clean, **(own if pinned else {})}
    done = subprocess.run(command, env=given, stdout=subprocess.PIPE, check=True)  # noqa: S603 - this very file
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _seconds() -> dict[str, float]:
    random = np.random.default_rng(0)
    part = Part(
        random.integers(0, 256, (IMAGES, 1, 28, 28), np.uint8),
        np.arange(IMAGES, dtype=np.int64) % 10,
    )
    data = Split(part, part, 10)
    found = {}
    for name, network in NETWORKS.items():
        spec = parse_spec(
            {"dataset": "random", "network": network, "epochs": 1, "learning_rate": 1e-3}
        )
        run_leg(leg_task(spec, {"weight_decay": 1e-3}, 0, 0.1, IMAGES), data, None)
        began = time.process_time()
        run_leg(leg_task(spec, {"weight_decay": 1e-3}, 0, EPOCHS, IMAGES), data, None)
        found[name] = time.process_time() - began
    return found


if __name__ == "__main__":
    sys.exit(main())
