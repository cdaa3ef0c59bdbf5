"""The data sets of a server, for `hpsearch datasets --url`."""

from collections.abc import Sequence

from rich.table import Table

from hpsearch.cli.output import out, print_json, print_table
from hpsearch.cli.tables import printable
from hpsearch.client import Client, Dataset


def list_all(url: str, as_json: bool) -> None:
    with Client(url) as client:
        found = client.datasets()
    print_json({"items": found}) if as_json else _print(found)


def show(name: str, url: str, as_json: bool) -> None:
    """Its facts and how it was understood."""
    with Client(url) as client:
        found = client.dataset(name)
    if as_json:
        print_json(found)
        return
    _print([found])
    for sentence in found["understood"]:
        _say(f"- {sentence}")
    if found["sha256"]:
        _say(f"SHA-256 {found['sha256']}")


def delete(name: str, url: str) -> None:
    with Client(url) as client:
        client.delete_dataset(name)


def _print(found: Sequence[Dataset]) -> None:
    table = Table("name", "images (training, test)", "shape", "classes", "owner")
    for each in found:
        there = each["training"] is not None
        table.add_row(
            each["name"],
            f"{each['training']}, {each['test']}" if there else "not here yet",
            " × ".join(str(size) for size in each["shape"] or ()),
            str(each["classes"] or ""),
            printable(each["owner"] or ""),
        )
    print_table(out, table)
    for each in found:
        if each["how"]:
            _say(f"{each['name']}: {each['how']}")


def _say(text: str) -> None:
    out.print(printable(text), soft_wrap=True, highlight=False)
