"""Set the database up once: `python -m storage [URL]`, or with HPSEARCH_DATABASE_URL.

HPSEARCH_DATABASE_PASSWORD_FILE names a file with the password, as it does for the server.
"""

import os
import sys
from pathlib import Path

from hpsearch.errors import HpsearchError
from storage.backends.address import complete
from storage.database import Database


def main(arguments: list[str]) -> int:
    """Returns the exit code: 0 where the tables are there, 2 where they could not be made."""
    url = arguments[0] if arguments else os.environ.get("HPSEARCH_DATABASE_URL", "")
    if not url or len(arguments) > 1:
        print("usage: python -m storage [URL]; without a URL, HPSEARCH_DATABASE_URL is taken")
        return 2
    try:
        password_file = os.environ.get("HPSEARCH_DATABASE_PASSWORD_FILE")
        database = Database(complete(url, Path(password_file) if password_file else None))
        try:
            database.initialise()
            facts = database.check()
        finally:
            database.close()
    except HpsearchError as error:
        print(f"the database could not be set up: {error}")
        return 2
    print(f"the database is ready: {facts['library']}, tables of version {facts['schema']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
