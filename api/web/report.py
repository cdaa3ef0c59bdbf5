"""A job as one page that needs nothing else: pictures, words, and the winner itself to try out."""

import base64
import hashlib
import json
import tempfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from api.web.job_page import JobPage
from api.web.network_json import encoded, network_json
from api.web.templating import STATIC, render
from hpsearch.datasets.final import examples, test_examples
from hpsearch.datasets.split import split_for
from hpsearch.datasets.values import Dataset, Part
from hpsearch.jobs import Job
from hpsearch.training.model import Model
from hpsearch.training.model_file import load_model

MOST_EXAMPLES = 100  # images in the page
MOST_BYTES = 80_000  # of images in the page
MOST_NETWORK = 4 * 2**20  # bytes of a network in the page; a larger one is left out
SCRIPT = resources.files("api.web").joinpath("templates", "report.js").read_text(encoding="utf-8")
STYLE = STATIC["style.css"].decode() + resources.files("api.web").joinpath(
    "templates", "report.css"
).read_text(encoding="utf-8")


@dataclass(frozen=True)
class Winner:
    """The trial whose network is in the page. content: its `model.npz`; None if there is none.

    without: why not, in words. note: what is to be known of it.
    """

    number: int | None = None
    content: bytes | None = None
    without: str | None = None
    note: str | None = None


def report(page: JobPage, winner: Winner, dataset: Dataset | None, digest: str | None) -> str:
    """The page. dataset: the job's, for images to try; None where it is not here any more."""
    model = None
    if winner.content is not None and len(winner.content) > MOST_NETWORK:
        megabytes = len(winner.content) / 1e6
        winner = Winner(
            winner.number,
            without=f"its network of {megabytes:.1f} MB is too large for a page; "
            f"`hpsearch model {page.job.id}` writes it to a file",
        )
    elif winner.content is not None:
        model = _loaded(winner.content)
    which, part = _images(page, dataset) if dataset is not None else ("", None)
    return render(
        "report.html",
        page=page,
        job=page.job,
        view=page.view,
        winner=winner,
        model=model,
        which=which,
        network=_json(network_json(model)) if model else None,
        examples=_json(_examples(model, part)) if model else None,
        shape=None if model is None else model.input_shape,
        policy=POLICY,
        script=SCRIPT,
        style=STYLE,
        digest=digest,
    )


def same_data(job: Job, dataset: Dataset) -> bool:
    """Whether a data set of the job's name is the one that it trained on."""
    return job.data is None or job.data.dataset == dataset.sha256


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


POLICY = (
    f"default-src 'none'; script-src 'sha256-{_hash(SCRIPT)}'; style-src 'sha256-{_hash(STYLE)}'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'"
)
"""Nothing is loaded and nothing is sent, wherever the file is opened."""


def _loaded(content: bytes) -> Model:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.npz"
        path.write_bytes(content)
        return load_model(path)


def _images(page: JobPage, dataset: Dataset) -> tuple[str, Part]:
    """Images to try: of the test part once the certificate has looked at it, not before."""
    images = dataset.training.images
    count = max(1, min(MOST_EXAMPLES, MOST_BYTES // (images[0].size * images.itemsize)))
    if page.certificate is not None and page.certificate.final is not None:
        return "test", test_examples(dataset, count)
    return "validation", examples(split_for(page.job.spec, dataset).validation, count)


def _examples(model: Model, part: Part | None) -> dict[str, Any]:
    if part is None:
        return {}
    found = model.probabilities(part.images)
    return {
        "images": encoded(part.images),
        "isFloat": part.images.dtype != np.uint8,
        "labels": part.labels.tolist(),
        "probabilities": [[float(f"{value:.7g}") for value in row] for row in found],
    }


def _json(value: object) -> str:
    """JSON inside a script element: no `<` can end it."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")
