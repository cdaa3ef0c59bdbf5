"""The tests of single modules: fast, unless they are marked slow."""

from tests.fast import inside_its_process

__all__ = ["inside_its_process"]
