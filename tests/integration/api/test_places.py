"""A server in the odd places that people have: real processes, one search."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from harness.service import HPSEARCH, Service
from tests.integration.api.specs import TINY

UNKNOWN = "54321"  # a user that no machine knows
AS_UNKNOWN_USER = (
    *("setpriv", "--reuid", UNKNOWN, "--regid", UNKNOWN, "--clear-groups"),
    *("--inh-caps=+dac_override", "--ambient-caps=+dac_override"),  # Python may lie in root's home
)


def _unknown_user() -> tuple[str, ...]:
    """What makes a command another user's; nothing where that cannot be."""
    possible = os.getuid() == 0 and shutil.which("setpriv") is not None
    works = possible and subprocess.run([*AS_UNKNOWN_USER, "true"], check=False).returncode == 0
    return AS_UNKNOWN_USER if works else ()


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder that another user may enter; pytest's own are for one alone."""
    with tempfile.TemporaryDirectory(prefix="hpsearch-") as folder:
        yield Path(folder)


def test_an_odd_folder_a_long_tmpdir_no_home_and_an_unknown_user(root: Path) -> None:
    user, place = _unknown_user(), root / "place"
    folder, long = place / "C#проект? 50%25 {x}", root / ("long" * 25)
    for each in (root, place, folder, long):
        each.mkdir(exist_ok=True)
        if user:
            os.chown(each, int(UNKNOWN), int(UNKNOWN))
    command, environment = ("env", "-u", "HOME", *user, *HPSEARCH), {"TMPDIR": str(long)}
    token = subprocess.run(
        (*command, *("token", "create", "other", "--scope", "submit", "--data-dir", folder)),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()  # whoever runs this is another user than the server's
    with Service(
        folder, workers=1, environment=environment, command=command, token=token
    ) as service:
        done = service.wait_for_end(service.submit(TINY))
        assert (done["state"], done["stop_reason"]) == ("completed", "budget: trials")
        study = service.http.get(
            f"/api/studies/{done['links']['dashboard'].split('/')[-1]}?after=0"
        )
        assert len(study.json()["trials"]) == 8
        assert service.started.terminate(10) == 0
    assert [entry.name for entry in place.iterdir()] == [folder.name]
    assert (folder / "hpsearch.db").is_file()


@pytest.mark.parametrize(
    ("files", "environment", "named"),
    [
        ({"broken.yaml": "a: [1"}, {"DASK_CONFIG": "."}, "broken.yaml"),
        ({}, {"HPSEARCH_WORKERS": "many"}, "workers"),
    ],
)
def test_what_keeps_a_server_from_starting_is_a_line(
    tmp_path: Path, files: Mapping[str, str], environment: Mapping[str, str], named: str
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    done = subprocess.run(
        [*HPSEARCH, "serve", "--port", "0", "--data-dir", "data"],
        cwd=tmp_path,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert named in done.stderr
    assert "Traceback" not in done.stderr
