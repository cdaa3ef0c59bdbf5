"""`hpsearch predict`: a model's answers to images."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.table import Table

from hpsearch.cli.output import out, print_json, print_table
from hpsearch.datasets.single_images import read_images
from hpsearch.training.model_file import load_model

SHOWN = 3  # classes of an image in the table


def predict_images(model_file: Path, files: Sequence[Path], resize: bool, as_json: bool) -> None:
    """Print classes and probabilities. Raises UnreadableModel, DatasetError for an image."""
    model = load_model(model_file)
    given = [(path, read_images(path, model.input_shape, resize)) for path in files]
    answers = []
    for path, images in given:
        for place, row in enumerate(model.probabilities(images)):
            label = int(row.argmax())
            answers.append(
                {
                    "image": str(path) if len(images) == 1 else f"{path}[{place}]",
                    "class": label,
                    "name": model.name_of(label),
                    "probabilities": [float(each) for each in row],
                }
            )
    if as_json:
        print_json({"items": answers})
        return
    table = Table("image", "class", "probability", "then")
    for answer in answers:
        row = np.array(answer["probabilities"])
        best, *others = np.argsort(-row, kind="stable")[:SHOWN]
        then = ", ".join(f"{model.name_of(int(each))} {row[each]:.4f}" for each in others)
        table.add_row(str(answer["image"]), model.name_of(int(best)), f"{row[best]:.4f}", then)
    print_table(out, table)
