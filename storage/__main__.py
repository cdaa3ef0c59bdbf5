"""Set the database up once: `python -m storage [URL]`, or with HPSEARCH_DATABASE_URL.

HPSEARCH_DATABASE_PASSWORD_FILE names a file with the password, as it does for the server.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from hpsearch.errors import HpsearchError
from storage.backends.address import complete, read_password
from storage.database import Database
from storage.roles import let_serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 where the tables are there, 2 where they could not be made."""
    parser = argparse.ArgumentParser(prog="python -m storage", description=__doc__.splitlines()[0])
    parser.add_argument("url", nargs="?", default=os.environ.get("HPSEARCH_DATABASE_URL"))
    parser.add_argument("--server-role", help="make this role, which cannot change tables")
    parser.add_argument("--server-password-file", type=Path, help="a file with its password")
    given = parser.parse_args(arguments)
    if not given.url:
        parser.error("a URL is needed, here or in HPSEARCH_DATABASE_URL")
    if bool(given.server_role) != bool(given.server_password_file):
        parser.error("--server-role and --server-password-file belong together")
    password_file = os.environ.get("HPSEARCH_DATABASE_PASSWORD_FILE")
    try:
        database = Database(complete(given.url, Path(password_file) if password_file else None))
        try:
            database.initialise()
            if given.server_role:
                let_serve(database, given.server_role, read_password(given.server_password_file))
            facts = database.check()
        finally:
            database.close()
    except HpsearchError as error:
        print(f"the database could not be set up: {error}")
        return 2
    print(f"the database is ready: {facts['library']}, tables of version {facts['schema']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
