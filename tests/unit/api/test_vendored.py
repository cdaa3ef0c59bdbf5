"""What others wrote and the pages carry with them is what they published."""

import hashlib
from importlib import resources

from api.web.templating import STATIC

UPLOT = {
    "uplot.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uplot.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}
"""SHA-256 of uPlot.iife.min.js and uPlot.min.css of uPlot 1.6.32 on npm (MIT)."""


def test_uplot_is_as_published_and_its_licence_is_beside_it() -> None:
    assert {name: hashlib.sha256(STATIC[name]).hexdigest() for name in UPLOT} == UPLOT
    licence = resources.files("api.web").joinpath("static", "uplot.LICENSE")
    assert "MIT License" in licence.read_text(encoding="utf-8")


def test_only_one_file_knows_uplot() -> None:
    own = {name for name in STATIC if name.endswith(".js") and name not in UPLOT}
    assert {name for name in own if b"uplot" in STATIC[name].lower()} == {"plot.js"}
