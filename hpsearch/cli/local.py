"""The commands that work on this machine's data sets; see hpsearch.cli.lazy."""

import typer
from rich.table import Table

from hpsearch.cli import options
from hpsearch.cli.output import out, print_table
from hpsearch.cli.verify import verify_job
from hpsearch.cli.watch import console_of
from hpsearch.client import Client
from hpsearch.datasets.catalogue import Catalogue, DatasetInfo
from hpsearch.settings import DATA_DIR as DATA_DIR_SETTING

app = typer.Typer()
datasets = typer.Typer(help="The data sets in the data folder.", no_args_is_help=True)
app.add_typer(datasets, name="datasets")

DATA_DIR = DATA_DIR_SETTING.default


@app.command()
def verify(
    job: options.JobId,
    trials: options.Trials = 3,
    url: options.Url = options.DEFAULT_URL,
    data_dir: options.DataDir = DATA_DIR,
    as_json: options.Json = False,
) -> None:
    """Train some trials of a job again, here, and compare to the bit; exit code 1 if unequal."""
    with Client(url) as client:
        console = console_of(as_json)
        same = verify_job(client, job, trials, Catalogue(data_dir), console, as_json)
    raise typer.Exit(0 if same else 1)


@datasets.command("list")
def list_datasets(data_dir: options.DataDir = DATA_DIR) -> None:
    """List the data sets, those too that are not here yet."""
    _print(Catalogue(data_dir).describe())


@datasets.command("add")
def add_dataset(
    name: options.DatasetName,
    file: options.DatasetFile,
    data_dir: options.DataDir = DATA_DIR,
) -> None:
    """Add a data set from a file."""
    _print([Catalogue(data_dir).add(name, file)])


def _print(infos: list[DatasetInfo]) -> None:
    table = Table("name", "images (training, test)", "shape", "classes", "source")
    for info in infos:
        table.add_row(
            info.name,
            f"{info.training}, {info.test}" if info.available else "not here yet",
            " × ".join(str(size) for size in info.shape) if info.shape else "",
            str(info.classes) if info.classes else "",
            info.source,
        )
    print_table(out, table)
    for info in infos:
        if info.how:
            out.print(f"{info.name}: {info.how}", highlight=False, soft_wrap=True)
