"""Specs as TOML and YAML: the same values as in JSON, and every fault with its line."""

import json
import sys
from pathlib import Path

import pytest

from hpsearch.cli import main
from hpsearch.cli.files import read_spec, read_valid_spec
from hpsearch.cli.init import STARTER
from hpsearch.cli.spec_file import SpecFile
from hpsearch.errors import InvalidSettings, ServiceError
from hpsearch.spec.submission import parse_submission

YAML = """\
dataset: digits
network: {architecture: mlp, hidden_units: 50}
labels: [no, 2026-11-27]
space:
  learning_rate: &rate {type: float, low: 1e-3, high: 1, log: true}
  weight_decay: *rate
"""
JSON = """\
{
\t"dataset": 1,
"network": {},
"space": {"learning_rate": {
"low": 2}}}
"""
TOML = """\
dataset = "digits"
labels = ["no", "2026-11-27"]
network = { architecture = "mlp", hidden_units = 50 }
[space.learning_rate]
type = "float"
low = 1e-3
high = 1
log = true
[space]
weight_decay = { type = "float", low = 1e-3, high = 1, log = true }
"""


def _read(folder: Path, name: str, text: str) -> SpecFile:
    file = folder / name
    file.write_text(text)
    return read_spec(file)


def test_toml_yaml_and_json_say_the_same(tmp_path: Path) -> None:
    values = [
        json.loads(_read(tmp_path, name, text).content)
        for name, text in (("a.yml", YAML), ("a.toml", TOML))
    ]
    assert values[0] == values[1]
    parse_submission(values[0])


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.yaml", "a: 1\nb: 2\na: 3\n", "cannot be read in line 3: 'a' is given twice"),
        ("a.yaml", "a: 1\nb: {", "is not YAML: .* in line 2"),
        ("a.yaml", "a: !!python/object/apply:os.system [ls]", "cannot be read in line 1"),
        ("a.yaml", "a: !ours x", "line 1: !ours is not a kind of value"),
        ("a.yaml", "\n1: 2", "line 2: a key must be a text"),
        ("a.yaml", "a: " + "[" * 40, "nested deeper than 32 levels in line 1"),
        ("a.yaml", "a: &x 1\n" + "b: [" + "*x, " * 101 + "]", "more than 100 aliases by line 2"),
        ("a.yaml", "a: [" + "1, " * 70_000 + "]", "more than 20000 values"),
        ("a.yaml", f"a: {'9' * 400}", "more than 305 digits"),
        ("a.yaml", "a: 1e999", "not finite"),
        ("a.yaml", "a: 1\n---\nb: 2", "is not YAML: .* in line 2"),
        ("a.yaml", "spec: \x00", "is not YAML"),
        ("a.toml", "a = 1\na = 2", "is not TOML: Cannot overwrite a value"),
        ("a.toml", "a = 2026-11-27", "holds a date, which no spec has"),
        ("a.toml", "a = nan", "not finite"),
        ("a.toml", "a = " + "[" * 3000, "is n"),
    ],
)
def test_what_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(InvalidSettings, match=f"{name} .*{said}|{name} {said}"):
        _read(tmp_path, name, text)


def test_aliases_of_aliases_are_refused_before_they_fill_the_memory(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 11)]
    with pytest.raises(InvalidSettings, match="aliases make more of it"):
        _read(tmp_path, "a.yaml", "\n".join(lines))


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("a.yaml", YAML, (2, 5, 1)),
        ("a.toml", TOML, (3, 6, 1)),
        ("a.json", JSON, (3, 5, 2)),
    ],
)  # fmt: skip
def test_where_a_field_stands(
    tmp_path: Path, name: str, text: str, lines: tuple[int, int, int]
) -> None:
    found = _read(tmp_path, name, text)
    fields = ("network.hidden_units", "space.learning_rate.low", "dataset.name")
    for field, line in zip(fields, lines, strict=True):
        assert found.place(field) == f" ({tmp_path / name}, line {line})"
    assert found.place("epochs") == ""


def test_what_a_server_refuses_is_placed_and_nothing_else(tmp_path: Path) -> None:
    found = _read(tmp_path, "a.toml", TOML)
    with pytest.raises(ServiceError) as caught, found.placed():
        raise ServiceError(["space.learning_rate.low: must be more", "epochs: is odd"], 422)
    assert caught.value.lines == (
        f"space.learning_rate.low: must be more ({tmp_path}/a.toml, line 6)",
        "epochs: is odd",
    )
    with pytest.raises(ServiceError, match=r"^labels: no$"), found.placed():
        raise ServiceError(["labels: no"], 409)


def test_what_is_checked_here_is_placed_too(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("dataset: digits\nepochs: -1\n")
    with pytest.raises(InvalidSettings, match=r"epochs: .* \(.*a.yaml, line 2\)"):
        read_valid_spec(file)


def _main(monkeypatch: pytest.MonkeyPatch, *words: str) -> int | str | None:
    monkeypatch.setattr(sys, "argv", ["hpsearch", *words])
    with pytest.raises(SystemExit) as caught:
        main()
    return caught.value.code


def test_init_writes_a_spec_that_can_be_run_and_never_over_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "spec.toml"
    assert _main(monkeypatch, "init", str(file)) == 0
    read_valid_spec(file)
    assert f"hpsearch run {file}" in file.read_text()
    file.write_text("mine")
    assert _main(monkeypatch, "init", str(file)) == 2
    assert "--force" in capsys.readouterr().err
    assert file.read_text() == "mine"
    assert _main(monkeypatch, "init", str(file), "--force") == 0


def test_what_the_starter_has_in_comments_is_right(tmp_path: Path) -> None:
    """All of its examples at once, but those that replace what stands there already."""
    replacing = ("# dataset", "# optimizer")
    lines = [
        line.removeprefix("# ") if (" = " in line or line.startswith("# [")) else line
        for line in STARTER.format(file="x").splitlines()
        if not line.startswith(replacing)
    ]
    found = _read(tmp_path, "a.toml", "\n".join(lines))
    spec = parse_submission(json.loads(found.content)).spec
    assert (spec.rounds.count, spec.sampler.name, spec.budget.target) == (3, "tpe", 0.99)
    assert sorted(spec.space) == ["learning_rate", "optimizer", "weight_decay"]
