"""What Dask's client may unpickle of a cluster elsewhere: errors, and no code.

Dask unpickles what workers and the scheduler put into its stream, be it the error of a task or an
event. A worker that is not ours could have the server run anything that way. So a server that uses
a cluster elsewhere reads pickles with an unpickler that knows a few names (see the documentation of
Python's `pickle`, "Restricting Globals"); whatever has another name becomes a `Refused`.
"""

import builtins
import io
import logging
import pickle
from collections.abc import Iterable
from types import SimpleNamespace

import distributed.client
import distributed.protocol.pickle

from hpsearch import errors
from hpsearch.errors import AnswerRefused, FieldProblem, HpsearchError

log = logging.getLogger(__name__)

NAMES = {
    # kinds of results, which Dask tells beside them
    *(("builtins", name) for name in ("tuple", "bytes", "int", "float", "str", "dict", "list")),
    ("hpsearch.datasets.values", "Split"),
    # errors of tasks, where they were raised
    ("hpsearch.errors", "_restore"),
    *(("tblib", name) for name in ("Traceback", "Frame", "Code")),
    *(
        ("tblib.pickling_support", f"unpickle_{what}")
        for what in ("traceback", "exception", "exception_with_attrs")
    ),
    # the error of a task under which workers died
    *(("distributed.scheduler", name) for name in ("KilledWorker", "WorkerState")),
    ("distributed.core", "Status"),
    *(("collections", name) for name in ("deque", "defaultdict")),
}


class Refused(AnswerRefused):
    """Stands for what was not unpickled. Takes anything, and keeps nothing of it."""

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__("it would have to be unpickled")

    def __setstate__(self, state: object) -> None:
        pass


def guard() -> None:
    """From now on Dask unpickles in this process with `loads`. Not for one that has a scheduler."""
    guarded = SimpleNamespace(**{**vars(pickle), "loads": loads})
    for module in (distributed.protocol.pickle, distributed.client):
        vars(module)["pickle"] = guarded


def loads(data: bytes, *, buffers: Iterable[object] = ()) -> object:
    """As `pickle.loads`, of names that are known. A pickle that cannot be read is refused whole."""
    try:
        return _Guarded(io.BytesIO(data), buffers=buffers).load()
    except Exception as error:
        log.warning("a pickle from the cluster was refused: %r", error)
        return Refused()


class _Guarded(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        if (module, name) in NAMES or _is_error(module, name):
            return super().find_class(module, name)
        return Refused


def _is_error(module: str, name: str) -> bool:
    """Of Python's or ours; a name with dots could lead anywhere, and is none."""
    where = {"builtins": builtins, "hpsearch.errors": errors}.get(module)
    found = vars(where).get(name) if where else None
    known = (HpsearchError, FieldProblem) if where is errors else (Exception,)
    return isinstance(found, type) and issubclass(found, known)
