"""Jinja2, with what all pages share."""

from datetime import UTC, datetime
from hashlib import sha256
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse

from api.paths import link
from api.web.job_page import percent_done, seconds_left
from api.web.marks import param

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
VERSION = sha256(b"".join(STATIC[name] for name in sorted(STATIC))).hexdigest()[:10]
"""Of the files: a page names it, so that browsers keep a file until it changes."""


def render(template: str, **values: Any) -> str:
    return _environment.get_template(template).render(link=link, version=VERSION, **values)


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A whole page as an answer."""
    return answer(render(template, **values), status)


def answer(content: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(content, status, SAFE)


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
_environment.filters.update(duration=duration, moment=moment, param=param)
_environment.globals.update(percent_done=percent_done, seconds_left=seconds_left)
