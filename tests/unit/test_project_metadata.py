"""CITATION.cff and the image's labels are valid, and say what the package says of itself."""

import json
import re
import tomllib
from importlib.resources import files

import jsonschema
import yaml

from harness.service import ROOT

CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_citation_is_valid() -> None:
    vendored = files("check_jsonschema") / "builtin_schemas/vendor/citation-file-format.json"
    schema = json.loads(vendored.read_text())
    jsonschema.validate(CITATION, schema)
    with_a_fault = {**CITATION, "type": "game"}
    assert not jsonschema.Draft7Validator(schema).is_valid(with_a_fault)


def test_the_citation_agrees_with_the_package() -> None:
    assert CITATION["title"] == PROJECT["name"]
    assert CITATION["version"] == PROJECT["version"]
    assert CITATION["license"] == PROJECT["license"]
    assert CITATION["authors"] == PROJECT["authors"]


def test_the_image_is_labelled_as_the_package() -> None:
    text = (ROOT / "Dockerfile").read_text()
    labels = dict(re.findall(r'org\.opencontainers\.image\.(\w+)="?([^"\n\\]+?)"?(?: \\)?\n', text))
    assert labels["title"] == PROJECT["name"]
    assert labels["version"] == PROJECT["version"]
    assert labels["licenses"] == PROJECT["license"]
    assert labels["authors"] == PROJECT["authors"][0]["name"]
