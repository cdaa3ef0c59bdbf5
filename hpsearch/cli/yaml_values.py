"""YAML read strictly, as the values that JSON has, with the line of each field.

YAML 1.2's core schema: 1e-3 is a number and `no` a word, unlike in PyYAML's own loaders. Refused
are keys that come twice, tags, more than MAX_ALIASES aliases, and what is too deep or too large;
nothing is ever built but dictionaries, lists, texts, numbers, booleans and null.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import yaml

from hpsearch.errors import InvalidSettings
from hpsearch.spec.strict_json import MAX_DEPTH, MAX_DIGITS, MAX_ITEMS

MAX_ALIASES = 100

NULL, BOOL, INT, FLOAT, TEXT, LIST, MAP = (
    f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "seq", "map")
)


class _Loader(yaml.SafeLoader):
    """Composes nodes; its implicit types are those of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own


for _tag, _pattern, _first in (
    (NULL, r"~|null|Null|NULL|", [*"~nN", ""]),
    (BOOL, r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    (INT, r"[-+]?[0-9]+", [*"-+0123456789"]),
    (FLOAT, r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", [*"-+.0123456789"]),
):
    _Loader.add_implicit_resolver(_tag, re.compile(f"^(?:{_pattern})$"), _first)


def loads(text: str) -> Any:
    """Read one YAML document; raises InvalidSettings that says what is wrong, and in which line."""
    node = _composed(text)
    return None if node is None else _Reader().value(node)


def lines_of(text: str) -> dict[str, int]:
    """The line (from 1) of each field, by its dotted path; empty for what is not YAML.

    Most JSON is YAML, too.
    """
    try:
        node = _composed(text)
    except InvalidSettings:
        return {}
    # Bounded, as aliases of aliases would have more fields than can be counted.
    return {} if node is None else dict(islice(_lines(node, (), 0), MAX_ITEMS))


def _composed(text: str) -> yaml.Node | None:
    try:
        _check_sizes(text)
        node: yaml.Node | None = yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise InvalidSettings(f"is not YAML: {error.problem or error.context}{place}") from None
    except yaml.YAMLError as error:
        raise InvalidSettings(f"is not YAML: {str(error).splitlines()[0]}") from None
    return node


def _check_sizes(text: str) -> None:
    """Before anything is built, and without recursion."""
    depth = aliases = 0
    for count, event in enumerate(yaml.parse(text, _Loader)):
        aliases += isinstance(event, yaml.AliasEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        line = _line(event)
        if depth > MAX_DEPTH:
            raise InvalidSettings(f"is nested deeper than {MAX_DEPTH} levels in line {line}")
        if aliases > MAX_ALIASES:
            raise InvalidSettings(f"has more than {MAX_ALIASES} aliases by line {line}")
        if count > 3 * MAX_ITEMS:
            raise InvalidSettings(f"holds more than {MAX_ITEMS} values by line {line}")


class _Reader:
    """Counts what it builds: aliases of aliases would be more than fits into a machine."""

    def __init__(self) -> None:
        self._built = 0

    def value(self, node: yaml.Node, depth: int = 0) -> Any:
        self._built += 1
        if self._built > MAX_ITEMS or depth > MAX_DEPTH:
            raise _refused(node, "aliases make more of it than a spec can hold")
        if isinstance(node, yaml.MappingNode) and node.tag == MAP:
            return self._mapping(node, depth)
        if isinstance(node, yaml.SequenceNode) and node.tag == LIST:
            return [self.value(each, depth + 1) for each in node.value]
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = _scalar(key_node) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                raise _refused(key_node, "a key must be a text")
            if key in found:
                raise _refused(key_node, f"{key!r} is given twice")
            found[key] = self.value(value_node, depth + 1)
        return found


def _scalar(node: yaml.Node) -> str | int | float | bool | None:
    text = str(node.value)
    if not isinstance(node, yaml.ScalarNode):
        raise _refused(node, f"{node.tag} is not a kind of value that a spec has")
    if node.tag == TEXT:
        return text
    if node.tag == NULL:
        return None
    if node.tag == BOOL:
        return text.lower() == "true"
    if node.tag not in (INT, FLOAT):
        raise _refused(node, f"{node.tag} is not a kind of value that a spec has")
    if len(text) > MAX_DIGITS:
        raise _refused(node, f"a number has more than {MAX_DIGITS} digits")
    try:
        return int(text) if node.tag == INT else float(text)
    except ValueError:
        raise _refused(node, f"{text!r} is not a number") from None


def _refused(node: yaml.Node, message: str) -> InvalidSettings:
    return InvalidSettings(f"cannot be read in line {_line(node)}: {message}")


def _line(found: yaml.Node | yaml.Event) -> int:
    return found.start_mark.line + 1 if found.start_mark else 1


def _lines(node: yaml.Node, path: tuple[str, ...], depth: int) -> Iterator[tuple[str, int]]:
    if depth > MAX_DEPTH:
        return
    if isinstance(node, yaml.MappingNode):
        pairs = [(str(key.value), key, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        pairs = [(str(place), each, each) for place, each in enumerate(node.value)]
    else:
        return
    for name, key, value in pairs:
        inner = (*path, name)
        yield ".".join(inner), _line(key)
        yield from _lines(value, inner, depth + 1)
