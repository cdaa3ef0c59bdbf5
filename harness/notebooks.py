"""Running the code of a notebook as Jupyter would, cell by cell, in one namespace."""

import json
from pathlib import Path
from typing import Any


def run_notebook(path: Path) -> dict[str, Any]:
    """What its code leaves behind, by name; a cell that fails raises, with its number in the trace.

    For notebooks of plain Python: without magics, and without awaiting at the top.
    """
    notebook = json.loads(path.read_text(encoding="utf-8"))
    if notebook["nbformat"] != 4:
        raise ValueError(f"{path} has format {notebook['nbformat']}, not 4")
    names: dict[str, Any] = {"__name__": "__main__"}
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(cells, start=1):
        code = compile("".join(cell["source"]), f"{path.name}, cell {number}", "exec")
        exec(code, names)  # noqa: S102 - our own examples
    return names
