"""Imported only where local workers are forked from, and once there.

Ctrl-C in a terminal reaches every process that was started from it. What it means is for the
server to say: it stops its workers itself.
"""

import os
import signal

NICENESS = 5  # on a busy machine training yields to the server, whose requests take milliseconds

os.nice(NICENESS)
signal.signal(signal.SIGINT, signal.SIG_IGN)
