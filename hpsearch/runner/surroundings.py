"""What a server needs of its machine before it starts: looked at first, said in a line."""

import tempfile

from hpsearch.errors import InvalidSettings


def check_surroundings() -> None:
    """Raise InvalidSettings that names what is missing or broken."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        raise InvalidSettings(
            "no folder for temporary files can be written: set TMPDIR to one that can"
        ) from None
    try:
        import dask.config  # noqa: F401, PLC0415 - it reads its files while it is imported
    except ValueError as error:
        raise InvalidSettings(" ".join(str(error).split())) from None
