"""Our training step against PyTorch eager, on one core: `make bench-training`.

Both sides run in one process with one thread and take turns of a few steps, as a training does one
step after the other with its own arrays in the cache. Times are processor seconds of the process,
which other programs on the machine disturb less than the clock on the wall; of each side the median
step counts. PyTorch runs in both of its memory layouts and the better one counts.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import numpy as np

from hpsearch.environment import environment
from hpsearch.nn import Network, build_network
from hpsearch.nn.arrays import Arrays
from hpsearch.nn.layers.affine import Affine
from hpsearch.nn.layers.base import count, inside
from hpsearch.nn.layers.convolution import Convolution
from hpsearch.spec.network import NetworkSettings
from hpsearch.spec.training import TrainingSettings
from hpsearch.training.batches import load_batch
from hpsearch.training.trainer import Trainer

try:
    import torch

    from benchmarks.torch_twin import torch_optimizer, torch_twin
except ModuleNotFoundError:
    torch = None

NETWORKS = {
    "simple_convnet": ((1, 28, 28), (32, 100)),
    "lenet5": ((1, 28, 28), (32, 100)),
    "deep_convnet": ((1, 28, 28), (32, 100)),
    "alexnet_small": ((3, 32, 32), (100,)),
}
NORMALISED = "+batch_norm"  # behind a network's name
FORWARD = "forward only"
CLASSES = 10
STEPS_A_TURN = 5
OTHER_KERNELS = {"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"}
WITHOUT_AVX512 = {
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}
PEAK_SIZE = 768  # rows of the square matrices whose product measures the peak
Step = Callable[[], object]


@dataclass(frozen=True)
class Row:
    """One case; the times are milliseconds of a step."""

    network: str
    batch: int
    optimizer: str
    ours_ms: float
    torch_ms: float | None
    torch_layout: str | None
    ratio: float | None
    share_of_peak: float


def main() -> None:
    """Measure what was asked for, print it, and write it to a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write rows and conditions")
    parser.add_argument("--quick", action="store_true", help="measure fewer steps")
    names = [*NETWORKS, *(name + NORMALISED for name in NETWORKS)]
    parser.add_argument("--network", choices=names, action="append", help="only these")
    parser.add_argument("--optimizer", choices=["sgd", "adam", FORWARD], action="append")
    parser.add_argument(
        "--floor", action="store_true", help="measure the products of a step alone, too"
    )
    parser.add_argument(
        "--avx2", action="store_true", help="as on a processor without AVX-512, for both sides"
    )
    arguments = parser.parse_args()
    restart_in_fair_conditions(WITHOUT_AVX512 if arguments.avx2 else {})
    if torch is None:
        print("PyTorch is not here, so only our side runs. To compare: make setup-torch\n")
    rows = []
    for name in arguments.network or NETWORKS:
        batches = case_of(name)[1]
        for batch in batches:
            for optimizer in arguments.optimizer or ("sgd", "adam", FORWARD):
                rows.append(measure(name, batch, optimizer, rounds_for(arguments.quick, batch)))
                print(line(rows[-1]), flush=True)
        print_layers(name, batches[-1], rounds_for(arguments.quick, 100))
        if arguments.floor:
            for batch in batches:
                print(floor(name, batch, rounds_for(arguments.quick, batch)), flush=True)
            print()
    report = {"conditions": conditions(), "rows": [asdict(row) for row in rows]}
    print(json.dumps(report["conditions"]))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")


def restart_in_fair_conditions(kernels: Mapping[str, str]) -> None:
    """BLAS reads these variables when it is loaded, so set them and begin again.

    Each side gets one thread, and the kernels that its libraries choose for this processor. PyTorch
    does not read OpenBLAS's variables, so one that makes NumPy alone use another processor's would
    compare two machines; the conditions name the kernels that were used. `kernels` are variables
    that both sides read.
    """
    one = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    kept = {name: value for name, value in os.environ.items() if name not in OTHER_KERNELS}
    wanted = {**kept, **one, **kernels}
    if wanted != dict(os.environ):
        for name in (OTHER_KERNELS - set(kernels)) & set(os.environ):
            print(f"Measured without {name}={os.environ[name]}, which slows NumPy alone.")
        arguments = [sys.executable, "-m", "benchmarks.training_speed", *sys.argv[1:]]
        os.execve(sys.executable, arguments, wanted)  # noqa: S606  # ourselves


def rounds_for(quick: bool, batch: int) -> int:
    """How many times each side takes its turn."""
    return (3 if quick else 12) * (2 if batch < 100 else 1)


def measure(name: str, batch: int, optimizer: str, rounds: int) -> Row:
    """All sides of one case, in turn."""
    sides = dict(make_sides(name, batch, optimizer))
    times: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side, step in sides.items():
            times[side] += [timed(step) for _ in range(STEPS_A_TURN)]
    best = {side: median(values) for side, values in times.items()}
    ours, peak = best.pop("ours"), 2 * PEAK_SIZE**3 / best.pop("peak")
    layout = min(best, key=lambda side: best[side]) if best else None
    theirs = None if layout is None else best[layout]
    return Row(
        network=name,
        batch=batch,
        optimizer=optimizer,
        ours_ms=round(ours * 1e3, 2),
        torch_ms=None if theirs is None else round(theirs * 1e3, 2),
        torch_layout=layout,
        ratio=None if theirs is None else round(theirs / ours, 2),
        share_of_peak=round(operations(name, batch, optimizer) / ours / peak, 2),
    )


def timed(step: Step) -> float:
    """Processor seconds of one call."""
    start = time.process_time()
    step()
    return time.process_time() - start


def make_sides(name: str, batch: int, optimizer: str) -> Iterator[tuple[str, Step]]:
    """Names and steps: the matrix product for the peak, ours, and PyTorch's two layouts."""
    matrix = np.ones((PEAK_SIZE, PEAK_SIZE), np.float32)
    product = np.empty_like(matrix)
    yield "peak", lambda: np.matmul(matrix, matrix, out=product)
    images, labels = batch_of(name, batch)
    yield "ours", our_step(name, images, labels, optimizer)
    if torch is not None:
        torch.set_num_threads(1)
        for layout in ("contiguous", "channels_last"):
            yield layout, torch_step(name, images, labels, optimizer, layout)


def case_of(name: str) -> tuple[tuple[int, int, int], tuple[int, ...]]:
    """The shape of the images, (channels, height, width), and the batch sizes."""
    return NETWORKS[name.removesuffix(NORMALISED)]


def batch_of(name: str, batch: int) -> tuple[Any, Any]:
    """Random images and labels."""
    generator = np.random.default_rng(0)
    images = generator.random((batch, *case_of(name)[0]), np.float32)
    return images, generator.integers(0, CLASSES, batch)


def network_of(name: str) -> Network:
    """The network, always with the same weights."""
    architecture = name.removesuffix(NORMALISED)
    settings = NetworkSettings.model_validate(
        {"architecture": architecture, "batch_norm": architecture != name}
    )
    return build_network(settings, case_of(name)[0], CLASSES, np.random.default_rng(0))


def training_of(optimizer: str, batch: int) -> TrainingSettings:
    """A rate at which nothing runs away."""
    return TrainingSettings.model_validate(
        {"optimizer": optimizer, "learning_rate": 1e-3, "batch_size": batch}
    )


def our_step(name: str, images: Any, labels: Any, optimizer: str) -> Step:
    """Picking the images, forward, loss, backward, update; or picking and forward."""
    network, everything = network_of(name), np.arange(len(images))
    if optimizer == FORWARD:
        x = np.empty(inside(images.shape[1:], len(images)), network.dtype)

        def forward() -> object:
            load_batch(images, everything, x)
            return network.evaluate(x)

        return forward
    trainer = Trainer(network, training_of(optimizer, len(images)))
    return lambda: trainer.step(images, labels, everything, 1e-3)


def torch_step(name: str, images: Any, labels: Any, optimizer: str, layout: str) -> Step:
    """The same in PyTorch eager, as people write it."""
    model, x, y = torch_twin(network_of(name)), torch.from_numpy(images), torch.from_numpy(labels)
    if layout == "channels_last":
        model = model.to(memory_format=torch.channels_last)
        x = x.contiguous(memory_format=torch.channels_last)
    if optimizer == FORWARD:
        model.eval()

        def forward() -> object:
            with torch.no_grad():
                return model(x)

        return forward
    rule = torch_optimizer(model, training_of(optimizer, len(images)))

    def step() -> object:
        rule.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        rule.step()
        return None

    return step


def operations(name: str, batch: int, optimizer: str) -> int:
    """Additions and multiplications of the products that the formulas ask for.

    A layer has one forward and two backward, but the first one has no gradient of its input.
    """
    layers = [la for la in network_of(name).layers if isinstance(la, Affine | Convolution)]
    total = 0
    for position, layer in enumerate(layers):
        weights = count(layer.parameter_shapes()["weight"].shape)
        outputs = count(layer.output_shape[1:])
        passes = 1 if optimizer == FORWARD else 2 if position == 0 else 3
        total += 2 * weights * outputs * batch * passes
    return total


def print_layers(name: str, batch: int, rounds: int) -> None:
    """Where the time of a step with SGD goes."""
    images, _ = batch_of(name, batch)
    network = network_of(name)
    x = np.empty(inside(images.shape[1:], batch), network.dtype)
    load_batch(images, slice(None), x)
    times: dict[tuple[int, str], list[float]] = {}
    for _ in range(rounds):
        values, inputs = x, []
        for i, stage in enumerate(network.stages):
            inputs.append(values)
            start = time.process_time()
            values = stage.forward(values)
            times.setdefault((i, "forward"), []).append(time.process_time() - start)
        grad = np.full_like(values, 1e-3)
        for i, stage in reversed(list(enumerate(network.stages))):
            start = time.process_time()
            grad = stage.backward(grad)
            times.setdefault((i, "backward"), []).append(time.process_time() - start)
            if not stage.wants_input_gradient:
                break
    print(f"\n  {name}, batch {batch}: milliseconds {'forward':>20} {'backward':>9}")
    for i, stage in enumerate(network.stages):
        both = [median(times.get((i, way), [0.0])) * 1e3 for way in ("forward", "backward")]
        label = f"{type(stage).__name__} {stage.input_shape} → {stage.output_shape}"
        print(f"  {label:<52} {both[0]:>7.2f} {both[1]:>9.2f}")
    print()


def floor(name: str, batch: int, rounds: int) -> str:
    """What the matrix products of a step with SGD take by themselves, each with warm arrays.

    The products are those of a step, written down while it runs and then made again one by one.
    """
    images, labels = batch_of(name, batch)
    step = our_step(name, images, labels, "sgd")
    products: list[Step] = []
    prepared: list[Step] = []
    matmul: Callable[..., Any] = np.matmul
    run = Arrays.run

    def written_down(*operands: Any, out: Any) -> Any:
        products.append(partial(matmul, *operands, out=out))
        return matmul(*operands, out=out)

    def run_and_write_down(arrays: Arrays, name: str, given: Any, prepare: Any) -> None:
        run(arrays, name, given, prepare)
        steps = arrays.latest(name, given, prepare)
        prepared.extend(steps)
        products.extend(s for s in steps if isinstance(s, partial) and s.func is matmul)

    step()
    with (
        mock.patch.object(np, "matmul", written_down),
        mock.patch.object(Arrays, "run", run_and_write_down),
    ):
        step()
    times: dict[Step, list[float]] = {product: [] for product in products}
    steps, peaks = [], []
    matrix = np.ones((PEAK_SIZE, PEAK_SIZE), np.float32)
    for _ in range(rounds):
        peaks.append(2 * PEAK_SIZE**3 / timed(lambda: matrix @ matrix))
        steps += [timed(step) for _ in range(STEPS_A_TURN)]
        for product in products:
            product()
            times[product] += [timed(product) for _ in range(2)]
    alone = sum(median(values) for values in times.values())
    share = operations(name, batch, "sgd") / alone / median(peaks)
    return (
        f"  {name}, batch {batch}: {len(prepared)} prepared steps; {len(products)} products, alone "
        f"{alone * 1e3:.2f} ms ({share:.0%} of peak) of a step's {median(steps) * 1e3:.2f} ms"
    )


def line(row: Row) -> str:
    """A row for people."""
    theirs = (
        ""
        if row.ratio is None
        else (f"PyTorch {row.torch_ms:8.2f} ({row.torch_layout})   ratio {row.ratio:5.2f}")
    )
    return (
        f"{row.network:<25} {row.batch:>4}  {row.optimizer:<13} ours {row.ours_ms:8.2f} ms   "
        f"{row.share_of_peak:4.0%} of peak   {theirs}"
    )


def conditions() -> dict[str, object]:
    """What the numbers depend on."""
    return {
        **environment(),
        "torch": None if torch is None else torch.__version__,
        "clock": "process_time",
    }


if __name__ == "__main__":
    main()
