"""`hpsearch datasets`: the data sets in this machine's data folder."""

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.style import Style
from rich.table import Table
from rich.text import Text

from hpsearch import settings
from hpsearch.cli import options, server_datasets
from hpsearch.cli.output import out, print_json, print_table
from hpsearch.cli.tables import printable
from hpsearch.client import Client
from hpsearch.datasets.catalogue import Catalogue, DatasetInfo
from hpsearch.datasets.image_files import Progress as Report
from hpsearch.datasets.pixels import MAX_SIDE
from hpsearch.datasets.sheet import Picture, examples, sheet
from hpsearch.datasets.values import Dataset
from hpsearch.errors import DatasetError

app = typer.Typer(help="The data sets in the data folder.", no_args_is_help=True)

notes = Console(markup=False, emoji=False, stderr=True)
DATA_DIR = settings.DATA_DIR.default
COARSE = 20  # columns of an image that is drawn with letters
SHOWN = 8  # such images

Name = Annotated[str, typer.Argument(metavar="NAME", help="Its name: a-z, 0-9, _ and -.")]
Source = Annotated[
    Path,
    typer.Argument(
        metavar="FILE|FOLDER",
        help="An .npz file of images and labels, or a folder (or zip file) of class-named folders "
        "of PNG or JPEG images, with or without train and test above them.",
    ),
]
Size = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=MAX_SIDE,
        help="Cut images in folders to their middle square and resize them to this many pixels.",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="PNG", help="Draw examples of each class to this file."),
]


@app.command("list")
def list_datasets(
    data_dir: options.DataDir = DATA_DIR,
    url: options.OtherServer = None,
    as_json: options.Json = False,
) -> None:
    """List the data sets, including those that are not here yet."""
    if url is not None:
        server_datasets.list_all(url, as_json)
        return
    infos = Catalogue(data_dir).describe()
    if as_json:
        print_json({"items": [info.to_json() for info in infos]})
    else:
        _print_table(infos)


@app.command("add")
def add_dataset(
    name: Name,
    source: Source,
    size: Size = None,
    data_dir: options.DataDir = DATA_DIR,
    as_json: options.Json = False,
) -> None:
    """Add a data set from a file or a folder, and say how it was understood."""
    with _progress() as report:
        info = Catalogue(data_dir).add(name, source, size=size, progress=report)
    if as_json:
        print_json(info.to_json())
    else:
        _print_table([info])
        _print_understood(info)


@app.command("upload")
def upload_dataset(
    name: Name,
    source: Source,
    url: options.Url = options.DEFAULT_URL,
    as_json: options.Json = False,
) -> None:
    """Upload a data set to a server, which checks it; a folder is packed into a zip file first."""
    with Client(url) as client, _packed(source) as file:
        answer = client.upload(name, file, source.resolve().name)
    if as_json:
        print_json(answer)
        return
    out.print(f"{name} is there: {answer['training']} training images, {answer['test']} to test")
    for sentence in answer["understood"]:
        out.print(f"- {sentence}", soft_wrap=True, highlight=False)


@app.command("show")
def show_dataset(
    name: Name,
    output: Output = None,
    data_dir: options.DataDir = DATA_DIR,
    url: options.OtherServer = None,
    as_json: options.Json = False,
) -> None:
    """Show what a data set holds: its classes, how it was understood, and examples.

    Examples are of the data folder's own; a server shows no images.
    """
    if url is not None:
        server_datasets.show(name, url, as_json)
        return
    catalogue = Catalogue(data_dir)
    info = catalogue.info(name)
    if info.facts is None:
        raise DatasetError(f"{name} is not here: {info.how}")
    dataset = catalogue.load(name)
    if output is not None:
        _draw(dataset, info, output)
    if as_json:
        print_json(info.to_json())
        return
    _print_table([info])
    _print_understood(info)
    out.print(f"SHA-256 {info.sha256}", soft_wrap=True, highlight=False)
    _print_classes(info)
    if out.is_terminal and out.encoding.startswith("utf"):
        out.print(_coarse([examples(dataset, label, 1)[0] for label in range(dataset.classes)]))
    if output is not None:
        out.print(f"examples are drawn in {output}", soft_wrap=True)


@app.command("delete")
def delete_dataset(
    name: Name,
    data_dir: options.DataDir = DATA_DIR,
    url: options.OtherServer = None,
    as_json: options.Json = False,
) -> None:
    """Delete a data set. Jobs that use it and have not ended fail."""
    if url is None:
        Catalogue(data_dir).delete(name)
    else:
        server_datasets.delete(name, url)
    if as_json:
        print_json({"deleted": name})
    else:
        out.print(f"{name} is deleted")


@contextmanager
def _packed(source: Path) -> Iterator[Path]:
    """The file itself; of a folder a zip file, which is removed on leaving."""
    if not source.is_dir():
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="hpsearch-") as folder:
        path = Path(folder) / "folder.zip"
        try:
            with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, strict_timestamps=False) as archive:
                for file in sorted(each for each in source.rglob("*") if each.is_file()):
                    archive.write(file, file.relative_to(source))
        except (OSError, ValueError) as error:
            raise DatasetError(f"cannot pack {source}: {error}") from None
        yield path


@contextmanager
def _progress() -> Iterator[Report]:
    """A bar on a terminal's standard error, from the first image on."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns,
        TimeRemainingColumn(),
        console=notes,
        transient=True,
        disable=not notes.is_terminal,
    ) as bars:
        tasks: dict[str, Any] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            if done % 100 == 0 or done == total:
                bars.update(tasks[what], completed=done)

        yield report


def _draw(dataset: Dataset, info: DatasetInfo, output: Path) -> None:
    names = info.facts.class_names if info.facts else ()
    try:
        sheet(dataset, names).save(output, "PNG")
    except OSError as error:
        raise DatasetError(f"cannot write {output}: {error.strerror or error}") from None


def _print_table(infos: list[DatasetInfo]) -> None:
    table = Table("name", "images (training, test)", "shape", "classes", "MB", "source")
    for info in infos:
        facts = info.facts
        table.add_row(
            info.name,
            f"{facts.training}, {facts.test}" if facts else "not here yet",
            " × ".join(str(size) for size in facts.shape) if facts else "",
            str(facts.classes) if facts else "",
            f"{info.file_bytes / 1e6:.1f}" if info.file_bytes else "",
            printable(info.source),
        )
    print_table(out, table)
    for info in infos:
        if info.how:
            out.print(f"{info.name}: {info.how}", soft_wrap=True, highlight=False)


def _print_understood(info: DatasetInfo) -> None:
    for sentence in info.facts.understood if info.facts else ():
        out.print(f"- {sentence}", soft_wrap=True, highlight=False)


def _print_classes(info: DatasetInfo) -> None:
    facts = info.facts
    if facts is None or not facts.training_counts:
        return
    table = Table("class", "name", "training", "test")
    for label in range(facts.classes):
        table.add_row(
            str(label),
            printable(facts.class_names[label]) if facts.class_names else "",
            str(facts.training_counts[label]),
            str(facts.test_counts[label]) if label < len(facts.test_counts) else "",
        )
    print_table(out, table)


def _coarse(pictures: list[Picture]) -> Text:
    """Images side by side, two rows of pixels in a line of half blocks."""
    shown = [_reduced(picture) for picture in pictures[: min(SHOWN, out.width // (COARSE + 1))]]
    text = Text()
    if not shown:
        return text
    for row in range(0, len(shown[0]) - 1, 2):
        for picture in shown:
            for above, below in zip(picture[row], picture[row + 1], strict=True):
                text.append("▀", Style(color=_colour(above), bgcolor=_colour(below)))
            text.append(" ")
        text.append("\n")
    return text


def _reduced(picture: Picture) -> Picture:
    """At most COARSE columns, by leaving out rows and columns."""
    step = -(-picture.shape[1] // COARSE)
    return picture[::step, ::step]


def _colour(pixel: Picture) -> str:
    red, green, blue = pixel.tolist()
    return f"#{red:02x}{green:02x}{blue:02x}"
