"""The first job of a server plans while another thread still imports what that takes."""

import subprocess
import sys

PLANNING_BESIDE_AN_IMPORT = """
import threading, time
from hpsearch.search import sobol
from hpsearch.spec.space import FloatParameter

threading.Thread(target=sobol.prepare).start()
time.sleep({pause})
print(sobol.points({{"x": FloatParameter(low=0, high=1)}}, 0, 0, 1))
"""


def test_points_can_be_asked_for_while_they_are_prepared() -> None:
    for pause in (0.0, 0.02, 0.05, 0.1):
        script = PLANNING_BESIDE_AN_IMPORT.format(pause=pause)
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
