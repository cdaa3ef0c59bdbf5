"""Which requests get through to the dashboard: those it can answer, checked by us.

It takes ids and queries as they come, and answers 500 to those that it cannot read.
"""

import re

from starlette.exceptions import HTTPException

from hpsearch.errors import FieldProblem, InvalidSpec

MAX_ID = 2**31 - 1
MAX_TRIAL_IDS = 100_000  # characters

_STUDY = re.compile(r"/(?:api/studies|csv)/(?P<id>[^/]*)(?P<rest>/.*)?", re.ASCII)
_ID = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
_AFTER = re.compile(r"after=[0-9]{1,9}", re.ASCII)
_TRIAL_IDS = re.compile(r"trial_ids=([0-9]{1,10}((,|%2C)[0-9]{1,10})*)?", re.ASCII | re.I)
_OTHERS = re.compile(
    r"/dashboard(/.*)?|/static/[A-Za-z0-9._-]+|/api/meta|/api/studies|/favicon.ico"
)


def check(path: str, query: str) -> int | None:
    """The id of the study that the request is about; None where it is about none.

    Raises an HTTPException 404 for what is not there, InvalidSpec for a query that is not as the
    dashboard's own page writes it.
    """
    study = _STUDY.fullmatch(path)
    if study is None:
        if not _OTHERS.fullmatch(path):
            raise HTTPException(404)
        if query and path.startswith("/api/"):
            raise InvalidSpec([FieldProblem("query", "is not expected here", query)])
        return None
    rest = study["rest"] or ""
    if not _ID.fullmatch(study["id"]) or int(study["id"]) > MAX_ID:
        raise HTTPException(404)
    if path.startswith("/csv/"):
        _check_query(query, _TRIAL_IDS, "trial_ids: numbers, with commas between them", rest == "")
    elif rest == "":
        _check_query(query, _AFTER, "after: a whole number from 0", True)
    else:
        # Plots drawn by the server need a library that is not installed; the page draws its own.
        _check_query(query, None, "none", rest == "/param_importances")
    return int(study["id"])


def _check_query(query: str, pattern: re.Pattern[str] | None, allowed: str, there: bool) -> None:
    if not there:
        raise HTTPException(404)
    if not query:
        return
    if pattern is None or len(query) > MAX_TRIAL_IDS or not pattern.fullmatch(query):
        name = query.partition("=")[0]
        raise InvalidSpec([FieldProblem(name, "is not as it must be here", query, allowed)])
