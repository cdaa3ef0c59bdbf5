"""JSON schemas as rows of Markdown tables: what a field may be, in words."""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
BOUNDS = {
    "minimum": "≥ ",
    "exclusiveMinimum": "> ",
    "maximum": "≤ ",
    "exclusiveMaximum": "< ",
    "minLength": "length ≥ ",
    "maxLength": "length ≤ ",
    "maxItems": "items ≤ ",
    "maxProperties": "names ≤ ",
}


def table(schema: Schema, schemas: Mapping[str, Schema]) -> list[str]:
    """A row for each property of an object; schemas: those that it may name."""
    required = schema.get("required", ())
    rows = ["| field | type | default | meaning |", "|---|---|---|---|"]
    for name, field in schema.get("properties", {}).items():
        default = "required" if name in required else default_of(field)
        rows.append(f"| `{name}` | {kind(field)} | {default} | {meaning(field, schemas)} |")
    return rows


def meaning(field: Schema, schemas: Mapping[str, Schema]) -> str:
    """What a field says of itself, or else the first sentence of what its type says."""
    if "description" in field or "$ref" not in field:
        return cell(field)
    return cell(schemas[name_of(field)]).partition(". ")[0].removesuffix(".")


def kind(field: Schema) -> str:
    """The type of a field with its bounds; a type of its own is a link to its heading."""
    if "$ref" in field:
        return link(name_of(field))
    if "const" in field or "enum" in field:
        values = field.get("enum", [field.get("const")])
        return ", ".join(f"`{value}`" for value in values)
    for either in ("anyOf", "oneOf"):
        if either in field:
            return " or ".join(dict.fromkeys(kind(each) for each in field[either]))
    plain = field.get("type", "any JSON")
    if plain == "array" and "items" in field:
        plain = f"list of {kind(field['items'])}"
    values = field.get("additionalProperties")
    if plain == "object" and isinstance(values, Mapping):
        plain = f"names with {kind(values)}"
    bounds = [f"{words}{number(field[key])}" for key, words in BOUNDS.items() if key in field]
    return ", ".join([str(plain), *bounds])


def number(value: float) -> str:
    """As short as it can be said without loss."""
    short = f"{value:g}"
    return short if float(short) == value else str(value)


def default_of(field: Schema) -> str:
    """The default; of an object whose parts have defaults of their own, that there is one."""
    default = field.get("default")
    if default is None or default == [] or default == "":
        return "none"
    if isinstance(default, Mapping):
        return "its own defaults"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def cell(field: Schema) -> str:
    """The description as one line of a table."""
    return " ".join(str(field.get("description", "")).split()).replace("|", "\\|")


def link(name: str) -> str:
    return f"[{name}](#{name.lower()})"


def name_of(field: Schema) -> str:
    return str(field["$ref"]).rsplit("/", 1)[-1]


def named(schema: object) -> Iterator[str]:
    """The names of the schemas that one names, in order, each as often as it is named."""
    if isinstance(schema, Mapping):
        if "$ref" in schema:
            yield name_of(schema)
        for part in schema.values():
            yield from named(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from named(part)
