"""Writes the pages of docs/reference from the code and docs/openapi.json. Run by `make references`.

A test compares what is kept with what would be written.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

from prometheus_client.metrics_core import Metric

from api.metrics import Metrics, WorkerCounts
from api.schemas.events import EVENTS
from api.services import Runner
from api.settings import Settings
from harness.schema_words import cell, default_of, kind, named, table
from harness.service import ROOT
from hpsearch import settings
from hpsearch.jobs import JobState
from storage.overview import Overview

FOLDER = ROOT / "docs" / "reference"
OPENAPI = ROOT / "docs" / "openapi.json"
SPEC = "JobSubmission"
OFTEN = ("400", "401", "403", "408", "421", "422", "429", "431", "500", "503")
"""Statuses that nearly every call may answer."""


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text)


def pages() -> dict[str, str]:
    """The text of each page, by the name of its file."""
    openapi: dict[str, Any] = json.loads(OPENAPI.read_text())
    made = {
        "spec.md": spec(openapi["components"]["schemas"]),
        "http.md": http(openapi),
        "events.md": events(),
        "settings.md": server_settings(),
        "metrics.md": metrics(),
    }
    return {name: "\n".join([*lines, ""]) for name, lines in made.items()}


def spec(schemas: Mapping[str, Any]) -> Iterator[str]:
    """All fields that a spec may have, and those of the objects in it."""
    yield from ("# The spec, field by field", "")
    yield "What `POST /api/v1/jobs` takes. A field that is not listed is refused by name. Start"
    yield "with the README; what networks may be is in [the networks](../networks.md)."
    waiting, seen = [SPEC], {SPEC}
    while waiting:
        name = waiting.pop(0)
        schema = schemas[name]
        yield from ("", f"## {name}", "", cell(schema), "")
        yield from table(schema, schemas) if "properties" in schema else [kind(schema)]
        for other in named(schema):
            if other not in seen:
                seen.add(other)
                waiting.append(other)


def http(openapi: Mapping[str, Any]) -> Iterator[str]:
    """Every call: what it does, what it takes and what it answers."""
    yield from ("# The HTTP interface", "")
    yield "A server shows the same at `/docs`, with forms to try each call. Errors are problem"
    yield f"details (RFC 9457). Beside the statuses below, a call may answer {', '.join(OFTEN)}."
    for path, operations in openapi["paths"].items():
        for method, operation in operations.items():
            yield from ("", f"## {operation['operationId']}", "", f"`{method.upper()} {path}`", "")
            yield from call(operation)


def call(operation: Mapping[str, Any]) -> Iterator[str]:
    """One call, below its heading."""
    yield from str(operation.get("description") or operation["summary"]).splitlines()
    if operation.get("parameters"):
        yield from ("", "| parameter | in | type | meaning |", "|---|---|---|---|")
        for each in operation["parameters"]:
            yield f"| `{each['name']}` | {each['in']} | {plain(each['schema'])} | {cell(each)} |"
    yield from ("", "| status | answer |", "|---|---|")
    for status, answer in operation["responses"].items():
        if status not in OFTEN:
            names = [*dict.fromkeys(named(answer.get("content", {})))]
            yield f"| {status} | {cell(answer)}{''.join(f' `{name}`' for name in names)} |"


def plain(schema: Mapping[str, Any]) -> str:
    """A type without links: the page has no headings for schemas."""
    names = [*named(schema)]
    return f"`{names[0]}`" if names else kind(schema)


def events() -> Iterator[str]:
    """Every kind of event, with its data."""
    yield from ("# Events", "")
    yield "`GET /api/v1/jobs/{job_id}/events` streams what happens in a job as server-sent events,"
    yield "all from the first; `Last-Event-ID` goes on where a stream broke off. `event:` names the"
    yield "kind, `data:` is JSON:"
    for each, data in EVENTS.items():
        schema = data.model_json_schema()
        yield from ("", f"## {each.value}", "", cell(schema), "")
        yield "| field | type | meaning |"
        yield "|---|---|---|"
        for name, field in schema["properties"].items():
            yield f"| `{name}` | {kind(field)} | {cell(field)} |"


def server_settings() -> Iterator[str]:
    """Every variable of the server, and the option that says the same."""
    options = {
        found.name: found
        for found in vars(settings).values()
        if isinstance(found, settings.Setting)
    }
    yield from ("# Settings of the server", "")
    yield "Each is a variable of the environment; those with an option may be given to"
    yield "`hpsearch serve` instead."
    yield from ("", "| variable | option | default | meaning |", "|---|---|---|---|")
    schema = Settings.model_json_schema()["properties"]
    for name in dict.fromkeys([*options, *Settings.model_fields]):
        field, option = schema.get(name, {}), options.get(name)
        said = option.help if option is not None else cell(field)
        default = option.default if option is not None else field.get("default")
        shown = default_of({"default": default})
        flag = f"`--{name.replace('_', '-')}`" if option is not None else ""
        yield f"| `{settings.PREFIX}{name.upper()}` | {flag} | {shown} | {said} |"


@dataclass(frozen=True)
class Idle:
    """A server without workers, jobs and a database, whose metrics are looked at."""

    def status(self) -> SimpleNamespace:
        return SimpleNamespace(leader=False, workers=0)

    def counts(self) -> SimpleNamespace:
        return SimpleNamespace(jobs=dict.fromkeys(JobState, 0), queued_since=datetime.now(UTC))

    def legs_in_flight(self) -> int:
        return 0

    legs_waiting = worker_losses = legs_in_flight


def metrics() -> Iterator[str]:
    """Every series of /metrics."""
    found, idle = Metrics(), Idle()
    found.meters.requests.labels("GET", "/", "200")  # a series has labels once it has a sample
    found.meters.database.labels("record")
    found.meters.trials.labels("completed")
    found.watch(cast(Overview, idle), cast(Runner, idle), cast(WorkerCounts, idle))
    yield from ("# Metrics", "")
    yield "What `/metrics` says, as Prometheus reads it. A dashboard and alerts for them are in"
    yield "`docs/monitoring`."
    yield from ("", "| series | type | labels | meaning |", "|---|---|---|---|")
    for each in sorted(found.registry.collect(), key=lambda metric: metric.name):
        name = f"{each.name}_total" if each.type == "counter" else each.name
        labels = ", ".join(f"`{label}`" for label in labels_of(each))
        yield f"| `{name}` | {each.type} | {labels} | {each.documentation} |"


def labels_of(metric: Metric) -> list[str]:
    """Names of the labels of a series that has a sample; those of a bucket are not its own."""
    return sorted({label for sample in metric.samples for label in sample.labels} - {"le"})


if __name__ == "__main__":
    main()
