"""The data folder, for nobody's eyes but the server's own user."""

import logging
from pathlib import Path

from hpsearch.errors import InvalidSettings

log = logging.getLogger(__name__)

OTHERS = 0o077
DATABASE = "hpsearch.db"  # and what SQLite and the locks put beside it
FOLDERS = ("datasets", "models", "workers")


def prepare(folder: Path) -> None:
    """Make the folder, for its owner alone; close one that is open to others.

    The database's files are closed wherever they lie. A folder that holds other things, too, or
    belongs to somebody else, is left as it is, with a warning. Raises InvalidSettings where it
    cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        entries = list(folder.iterdir())
    except OSError as error:
        raise InvalidSettings(f"data_dir {folder}: {error.strerror}") from None
    files = [entry for entry in entries if entry.name.startswith(DATABASE)]
    for file in files:
        _close(file)
    if all(entry in files or entry.name in FOLDERS for entry in entries):
        _close(folder)
    elif folder.stat().st_mode & OTHERS:
        log.warning("others on this machine can read the data folder", extra={"path": str(folder)})


def _close(path: Path) -> None:
    mode = path.stat().st_mode
    if not mode & OTHERS:
        return
    try:
        path.chmod(mode & ~OTHERS & 0o7777)
        log.info("closed to others on this machine", extra={"path": str(path)})
    except OSError as error:
        log.warning("others on this machine can read %s: %s", path, error.strerror)
