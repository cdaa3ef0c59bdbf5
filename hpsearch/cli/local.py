"""The commands that take a while to import; see hpsearch.cli.lazy."""

import typer

from hpsearch import settings
from hpsearch.cli import certificates, datasets, options
from hpsearch.cli import plot as plotting
from hpsearch.cli.audit import audit_job, read_held
from hpsearch.cli.doctor import Level, examine, report
from hpsearch.cli.predict import predict_images
from hpsearch.cli.verify import verify_job
from hpsearch.cli.watch import console_of
from hpsearch.datasets.catalogue import Catalogue

app = typer.Typer()
app.add_typer(datasets.app, name="datasets")
app.add_typer(certificates.app, name="certificates")

DATA_DIR = settings.DATA_DIR.default


@app.command()
def predict(
    model: options.ModelFile,
    images: options.Images,
    resize: options.Resize = False,
    as_json: options.Json = False,
) -> None:
    """Say which classes a model sees in images, and how sure it is."""
    predict_images(model, images, resize, as_json)


@app.command()
def audit(
    job: options.JobOrFile,
    url: options.Url = options.DEFAULT_URL,
    as_json: options.Json = False,
) -> None:
    """Compute every decision of a job again from its record, without training.

    Proposals, rounds, prunings, ends and the certificate. Exit code 1 if something differs.
    """
    raise typer.Exit(0 if audit_job(job, url, as_json) else 1)


@app.command()
def plot(
    jobs: plotting.Jobs,
    output: plotting.Output = None,
    kind: plotting.Kinds = None,
    form: plotting.FormatOption = None,
    measure: plotting.Measure = None,
    url: options.Url = options.DEFAULT_URL,
) -> None:
    """Draw jobs of a server, or files that `export` wrote, as SVG or PNG.

    Kinds: best-20, the curves of the 20 best trials in small panels; search, two parameters against
    each other with the rounds; curves of all trials; best-so-far; rounds, the ranges from coarse to
    fine; compare, curves of several jobs (JOB JOB…), of trials (JOB@3 JOB@7) or of all trials of
    one job in one plot. Without --kind: best-20 of one job, compare of several.
    """
    for path in plotting.plot_jobs(jobs, kind or [], output, form, measure, url):
        print(path)


@app.command()
def doctor(
    host: options.Host = settings.HOST.default,
    port: options.Port = settings.PORT.default,
    data_dir: options.DataDir = DATA_DIR,
    url: options.Url = options.DEFAULT_URL,
    as_json: options.Json = False,
) -> None:
    """Look at this machine, the data folder and the server, and say what to do about faults.

    Exit code 1 if anything is at fault; warnings are no faults.
    """
    findings = list(examine(data_dir, host, port, url))
    report(findings, as_json)
    raise typer.Exit(1 if any(each.level is Level.FAULT for each in findings) else 0)


@app.command()
def verify(
    job: options.JobOrFile,
    trials: options.Trials = 3,
    url: options.Url = options.DEFAULT_URL,
    data_dir: options.DataDir = DATA_DIR,
    as_json: options.Json = False,
) -> None:
    """Train some trials of a job again, here, and compare to the bit; exit code 1 if unequal."""
    console = console_of(as_json)
    same = verify_job(read_held(job, url), trials, Catalogue(data_dir), console, as_json)
    raise typer.Exit(0 if same else 1)
