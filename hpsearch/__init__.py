"""Hyperparameter search for small convolutional networks, as a service.

What other programs may build on:

    Client       the HTTP interface from the caller's side
    AsyncClient  the same for asyncio
    SearchSpec   what a search is asked to do, checked
    load_model   a trained network from its file, for use
    __version__  the installed version

Each is imported when it is first asked for: every module of the package imports this one first, and
the command line shall not wait for all of them.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpsearch.client import AsyncClient, Client
    from hpsearch.spec.search import SearchSpec
    from hpsearch.training.model_file import load_model

    __version__: str

__all__ = ["AsyncClient", "Client", "SearchSpec", "__version__", "load_model"]


def __getattr__(name: str) -> Any:
    # ruff: noqa: PLC0415 - see above
    if name == "Client":
        from hpsearch.client import Client

        return Client
    if name == "AsyncClient":
        from hpsearch.client import AsyncClient

        return AsyncClient
    if name == "SearchSpec":
        from hpsearch.spec.search import SearchSpec

        return SearchSpec
    if name == "load_model":
        from hpsearch.training.model_file import load_model

        return load_model
    if name == "__version__":
        from importlib.metadata import version

        return version("hpsearch")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
