"""Jinja2, with what all pages share."""

import gzip
from datetime import UTC, datetime
from hashlib import sha256
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse

from api.paths import link
from api.web.job_page import percent_done, seconds_left
from hpsearch.access import ANYONE, LOCAL, Identity
from hpsearch.drawing.marks import param
from hpsearch.drawing.pictures import numbers

SAFE = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
}
TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
STATIC = {
    file.name: file.read_bytes()
    for file in resources.files("api.web").joinpath("static").iterdir()
    if file.name.endswith(tuple(TYPES))
}
COMPRESSED = {name: gzip.compress(content, mtime=0) for name, content in STATIC.items()}
VERSION = sha256(b"".join(STATIC[name] for name in sorted(STATIC))).hexdigest()[:10]
"""Of the files: a page names it, so that browsers keep a file until it changes."""


WHO = "<!-- who reads it -->"
"""Where the name goes in a rendered page. What people wrote is escaped: no other place holds it."""


def render(template: str, **values: Any) -> str:
    """A page as it is for everybody, which may be kept; `answer` puts the reader's name in."""
    return _environment.get_template(template).render(link=link, version=VERSION, **values)


def page(template: str, reader: Identity, **values: Any) -> HTMLResponse:
    """A whole page as an answer to somebody."""
    return answer(render(template, **values), reader)


def answer(content: str, reader: Identity) -> HTMLResponse:
    """What was rendered, for anybody, with the name of whoever reads it and a way to log out."""
    known = reader not in (LOCAL, ANYONE)
    name = render("who.html", identity=reader) if known else ""
    return HTMLResponse(content.replace(WHO, name, 1), headers=SAFE)


def duration(seconds: float | None) -> str:
    """Seconds as people say them."""
    if seconds is None:
        return "–"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            smaller = {"d": (3600, "h"), "h": (60, "min"), "min": (1, "s")}[unit]
            rest = int(seconds % size // smaller[0])
            return f"{int(seconds // size)} {unit}" + (f" {rest} {smaller[1]}" if rest else "")
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def moment(value: datetime | None) -> str:
    return "–" if value is None else value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


_environment = Environment(
    loader=PackageLoader("api.web", "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters.update(duration=duration, moment=moment, numbers=numbers, param=param)
_environment.globals.update(percent_done=percent_done, seconds_left=seconds_left)
