"""Bodies that nobody sends by accident, each with the answer that it must get.

Made by hand: what is wrong stands in a table for each field, and is put into an otherwise good
request. Used by the tests, and by the benchmark that sends them beside good requests.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class HostileBody:
    """A body for POST /jobs, the status of its answer, and a field that it names (None: none)."""

    name: str
    body: bytes
    status: int
    field: str | None = None


GOOD: Mapping[str, object] = {"dataset": "digits", "network": "lenet5"}
MARK = "\ue000"  # stands for the raw JSON text, which may be no JSON

HUGE = "9" * 400
NEVER_A_NUMBER = ("true", '"3"', "[]", "{}", "NaN", "-Infinity", "1e400", "[1]")
NEVER_A_WORD = ("1", "true", "[]", '""', '"\\ud800"', '"a\\u0000"', '"' + "x" * 200 + '"')
NEVER_A_TRUTH = ("1", "0", '"yes"', '"true"', "[]", "{}", "NaN")
NEVER_AN_OBJECT = ("1", "true", "[]", "NaN", '[["a", 1]]')

WHOLE = {  # field: below and above what is allowed
    "cohort": ("0", "1001"),
    "seed": ("-1", str(2**53)),
    "budget.trials": ("0", "100001"),
    "budget.patience": ("0", "100001"),
    "budget.failures": ("0", "100001"),
    "rounds.count": ("0", "21"),
    "sampler.startup_trials": ("-1", "10001"),
    "pruner.startup_trials": ("-1", "10001"),
    "pruner.reduction_factor": ("1", "101"),
    "pruner.patience": ("-1", "1001"),
    "dataset.train_size": ("19", "10000001"),
}
REAL = {
    "epochs": ("0.049", "1000.5"),
    "budget.epochs": ("0", "1e308"),
    "budget.seconds": ("0", "1e10"),
    "budget.target": ("0", "1e7"),
    "rounds.keep": ("0", "1.01"),
    "rounds.explore": ("-0.1", "1.01"),
    "pruner.warm_up": ("-1", "1e308"),
    "pruner.percentile": ("0", "100"),
    "validation.fraction": ("0", "1"),
    "priority": ("1e-300", "1e300"),
}
WORDS = {
    "dataset.name": (),
    "sampler.name": ('"TPE"', '"tpe "', "null"),
    "pruner.name": ('"Median"', "null"),
    "objective": ('"Accuracy"', '"f1"', "null"),
    "optimizer": ('"SGD"', "null"),
}
TRUTHS = ("validation.stratified",)
OBJECTS = ("budget", "rounds", "validation", "space")

SPACES: Mapping[str, tuple[str, ...]] = {  # the field that is named: what stands in `space`
    "space.learning_rate.low": (
        '{"learning_rate": {"low": 1e308, "high": 1e308}}',
        '{"learning_rate": {"low": -1e13, "high": 1}}',
        '{"learning_rate": {"low": "0.1", "high": 1}}',
        '{"learning_rate": {"low": true, "high": 1}}',
        '{"learning_rate": {"low": null, "high": 1}}',
        '{"learning_rate": {"high": 1}}',
        '{"learning_rate": {"low": NaN, "high": 1}}',
    ),
    "space.learning_rate.high": (
        '{"learning_rate": {"low": 1, "high": 0.1}}',
        '{"learning_rate": {"low": 0.1, "high": 1e300}}',
        '{"learning_rate": {"low": 0.1, "high": [1]}}',
        '{"learning_rate": {"low": 0.1}}',
        '{"learning_rate": {"low": 0.1, "high": Infinity}}',
    ),
    "space.learning_rate.step": (
        '{"learning_rate": {"low": 0.1, "high": 1, "step": 1e-300}}',
        '{"learning_rate": {"low": 0.1, "high": 1, "step": 5e-324}}',
        '{"learning_rate": {"low": 0.1, "high": 1, "step": 0}}',
        '{"learning_rate": {"low": 0.1, "high": 1, "step": -0.1}}',
        '{"learning_rate": {"low": 0.1, "high": 1, "step": "0.1"}}',
        '{"learning_rate": {"low": 0.1, "high": 1, "step": 1e300}}',
    ),
    "space.learning_rate.log": (
        '{"learning_rate": {"low": 0.1, "high": 1, "log": "yes"}}',
        '{"learning_rate": {"low": 0.1, "high": 1, "log": 1}}',
        '{"learning_rate": {"low": 0, "high": 1, "log": true}}',
        '{"learning_rate": {"low": -1, "high": 1, "log": true}}',
    ),
    "space.learning_rate.type": ('{"learning_rate": {"type": null, "low": 0.1, "high": 1}}',),
    "space.learning_rate.mean": ('{"learning_rate": {"low": 0.1, "high": 1, "mean": 0}}',),
    "space.learning_rate": (
        '{"learning_rate": {"type": "normal", "low": 0.1, "high": 1}}',
        '{"learning_rate": {"type": 1, "low": 0.1, "high": 1}}',
        '{"learning_rate": 0.1}',
        '{"learning_rate": [0.1, 1]}',
        '{"learning_rate": null}',
        '{"learning_rate": "log"}',
    ),
    "space.batch_size.step": (
        '{"batch_size": {"type": "int", "low": 16, "high": 128, "step": 0}}',
        '{"batch_size": {"type": "int", "low": 16, "high": 128, "step": -1}}',
        '{"batch_size": {"type": "int", "low": 16, "high": 128, "step": 1.5}}',
        '{"batch_size": {"type": "int", "low": 16, "high": 128, "step": ' + HUGE + "}}",
    ),
    "space.batch_size.low": (
        '{"batch_size": {"type": "int", "low": 16.5, "high": 128}}',
        '{"batch_size": {"type": "int", "low": "16", "high": 128}}',
        '{"batch_size": {"type": "int", "low": -' + HUGE + ', "high": 128}}',
    ),
    "space.optimizer.choices": (
        '{"optimizer": {"type": "categorical", "choices": []}}',
        '{"optimizer": {"type": "categorical", "choices": "sgd"}}',
        '{"optimizer": {"type": "categorical", "choices": {"sgd": 1}}}',
        '{"optimizer": {"type": "categorical", "choices": ["sgd", "sgd"]}}',
        '{"optimizer": {"type": "categorical"}}',
    ),
    "space.nonsense": (
        '{"nonsense": {"low": 0.1, "high": 1}}',
        '{"nonsense": {"type": "categorical", "choices": [1, 2]}}',
    ),
}

RAW: tuple[tuple[str, int, str | None], ...] = (
    ("", 400, None),
    (" ", 400, None),
    ("{", 400, None),
    ("}", 400, None),
    ("nul", 400, None),
    ("{'dataset': 'digits'}", 400, None),
    ('{"dataset": "digits",}', 400, None),
    ('{"dataset": "digits"} {}', 400, None),
    ('{"dataset": "digits"', 400, None),
    ('{"dataset": 0x10}', 400, None),
    ('{"dataset": .5}', 400, None),
    ('{"dataset": +1}', 400, None),
    ('// comment\n{"dataset": "digits"}', 400, None),
    ('{"dataset": "a\nb"}', 400, None),
    ("[" * 100_000, 400, None),
    ("[" * 400_000, 400, None),
    ("{" * 40 + "}" * 40, 400, None),
    ('{"a": ' * 50 + "1" + "}" * 50, 400, None),
    ("null", 422, "body"),
    ("true", 422, "body"),
    ("3", 422, "body"),
    ('"digits"', 422, "body"),
    ("[]", 422, "body"),
    ('[{"dataset": "digits"}]', 422, "body"),
    ("{}", 422, "dataset"),
    ('{"dataset": "digits", "dataset": "mnist"}', 422, "dataset"),
    ('{"dataset": "digits", "space": {"learning_rate": {"low": 1, "low": 2}}}', 422, None),
    ('{"dataset": "digits", "\\ud800": 1}', 422, "body"),
    ('{"dataset": {"name": "../../etc/passwd"}}', 422, "dataset.name"),
    ('{"dataset": {"name": "http://localhost/x"}}', 422, "dataset.name"),
    ('{"dataset": "digits", "warm_start": "abc"}', 422, "warm_start"),
    ('{"dataset": "digits", "warm_start": ["\\ud800"]}', 422, "warm_start.0"),
    ('{"dataset": "digits", "warm_start": [1]}', 422, "warm_start.0"),
    ('{"dataset": "digits", "warm_start": ["nothing"]}', 422, "warm_start.0"),
    ('{"dataset": "digits", "warm_start": ["' + "x" * 101 + '"]}', 422, "warm_start.0"),
    ('{"dataset": "digits", "warm_start": ["a", "b", "c", "d", "e", "f"]}', 422, "warm_start"),
    ('{"dataset": "digits", "network": "resnet"}', 422, None),
    ('{"dataset": "digits", "network": 5}', 422, None),
    ('{"dataset": "digits", "network": {"layers": []}}', 422, None),
    ('{"dataset": "digits", "network": {"layers": [{"type": "conv"}]}}', 422, None),
    ('{"dataset": "digits", "network": {"layers": "conv"}}', 422, None),
    ('{"dataset": "digits", "learning_rat": 0.1}', 422, "learning_rat"),
    ('{"dataset": "digits", "__proto__": {"a": 1}}', 422, "__proto__"),
    ('{"dataset": "digits", "": 1}', 422, None),
)


def hostile_bodies() -> Iterator[HostileBody]:
    """All of them."""
    for field, (below, above) in WHOLE.items():
        yield from _wrong(field, (*NEVER_A_NUMBER, "1.5", HUGE, below, above))
    for field, (below, above) in REAL.items():
        yield from _wrong(field, (*NEVER_A_NUMBER, HUGE, below, above))
    for field, more in WORDS.items():
        yield from _wrong(field, (*NEVER_A_WORD, *more))
    for field in TRUTHS:
        yield from _wrong(field, NEVER_A_TRUTH)
    for field in OBJECTS:
        yield from _wrong(field, NEVER_AN_OBJECT)
    for field, spaces in SPACES.items():
        for space in spaces:
            body = _with("space", space)
            yield HostileBody(f"space: {space[:70]}", body, 422, field)
    for text, status, named in RAW:
        yield HostileBody(f"raw: {text[:60]}", text.encode(), status, named)
    yield from _large()


def _wrong(field: str, values: tuple[str, ...]) -> Iterator[HostileBody]:
    for value in values:
        yield HostileBody(f"{field}: {value[:30]}", _with(field, value), 422, field)


def _with(field: str, value: str) -> bytes:
    """A good body with raw JSON text at a dotted field."""
    body: dict[str, object] = dict(GOOD)
    place = body
    *parents, last = field.split(".")
    for parent in parents:
        inner: dict[str, object] = {"name": place[parent]} if parent in place else {}
        if field == "sampler.startup_trials" or parent == "pruner":
            inner.setdefault("name", {"sampler": "tpe", "pruner": "percentile"}[parent])
        place[parent] = inner
        place = inner
    place[last] = MARK
    return json.dumps(body, ensure_ascii=False).replace(f'"{MARK}"', value).encode()


def _large() -> Iterator[HostileBody]:
    """Small faults in large bodies: the answer takes no longer and is no larger."""
    for count, status, field in ((30_000, 400, None), (6_000, 422, "space")):
        many: dict[str, object] = {f"a{n}": {"choices": []} for n in range(count)}
        body = json.dumps({**GOOD, "space": many}).encode()
        yield HostileBody(f"{count:,} parameters", body, status, field)
    choices = {"type": "categorical", "choices": list(range(15_000))}
    body = json.dumps({**GOOD, "space": {"learning_rate": choices}}).encode()
    yield HostileBody("15,000 choices", body, 422, "space.learning_rate.choices")
    body = json.dumps({**GOOD, "name": "x" * 900_000}).encode()
    yield HostileBody("a name of 900 kB", body, 422, "name")
    fields = {"x" * 300 + str(n): "y" * 900 for n in range(700)}
    yield HostileBody("700 unknown fields", json.dumps({**GOOD, **fields}).encode(), 422)
    for count, status, field in ((20_000, 400, None), (5_000, 422, "network.layers")):
        layers = [{"type": "affine", "units": 1}] * count
        body = json.dumps({**GOOD, "network": {"layers": layers}}).encode()
        yield HostileBody(f"{count:,} layers", body, status, field)
    when = {"momentum": {"low": 0, "high": 1, "when": {"optimizer": list(range(15_000))}}}
    yield HostileBody("15,000 conditions", json.dumps({**GOOD, "space": when}).encode(), 422)
    yield HostileBody("a megabyte of digits", _with("seed", "9" * 900_000), 422, "seed")
    yield HostileBody("a megabyte of spaces", b" " * 999_000, 400)
    yield HostileBody("more than a megabyte", b" " * 1_000_001, 413)
