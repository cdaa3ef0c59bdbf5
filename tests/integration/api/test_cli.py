"""The command line as people type it, against a real server."""

import json
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from harness.service import HPSEARCH, Service
from hpsearch.cli import main
from tests.integration.api.specs import ENDLESS, TINY


def _hpsearch(*words: str | Path, timeout: float = 90) -> subprocess.CompletedProcess[str]:
    command = [*HPSEARCH, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


def _spec(folder: Path, spec: object) -> Path:
    file = folder / "spec.json"
    file.write_text(json.dumps(spec))
    return file


def test_submit_watch_best_jobs(service: Service, tmp_path: Path) -> None:
    submitted = _hpsearch("submit", _spec(tmp_path, TINY), "--url", service.url)
    job = submitted.stdout.strip()
    assert submitted.returncode == 0
    watched = _hpsearch("watch", job, "--url", service.url)
    assert watched.returncode == 0, watched.stderr
    assert f"job {job} completed (budget: trials)" in watched.stdout
    assert "learning_rate" in watched.stdout
    assert f"{service.url}/dashboard/studies/" in watched.stdout
    assert "learning_rate" in _hpsearch("best", job, "--url", service.url).stdout
    listed = _hpsearch("jobs", "--url", service.url)
    assert job in listed.stdout
    assert "8/8" in listed.stdout


def test_json_is_the_answer_of_the_server(
    service: Service,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def answer(*words: str | Path, code: int = 0) -> Any:
        monkeypatch.setattr(sys, "argv", ["hpsearch", *map(str, words), "--json"])
        if words[0] != "version":
            sys.argv += ["--url", service.url]
        with pytest.raises(SystemExit) as caught:
            main()
        assert caught.value.code == code
        return json.loads(capsys.readouterr().out)

    def get(path: str) -> Any:
        return service.http.get(f"/api/v1{path}").json()

    spec = _spec(tmp_path, TINY)
    job = answer("submit", spec)["id"]
    assert answer("watch", job) == get(f"/jobs/{job}")
    assert answer("jobs", "--limit", "1") == get("/jobs?limit=1")
    assert answer("best", job, "--limit", "2") == get(f"/jobs/{job}/best?limit=2")
    assert answer("digest", job) == get(f"/jobs/{job}/digest")
    assert answer("estimate", spec)["trials"] == 8
    verified = answer("verify", job, "--trials", "1", "--data-dir", tmp_path)
    assert verified["same"] is True
    assert verified["trials"][0]["recorded"] is None
    assert answer("version") == {"version": version("hpsearch")}
    endless = answer("submit", _spec(tmp_path, ENDLESS))["id"]
    assert answer("pause", endless)["id"] == answer("resume", endless)["id"] == endless
    assert answer("cancel", endless)["id"] == endless
    assert answer("watch", endless, code=1)["state"] == "cancelled"


def test_a_search_that_is_cut_before_its_first_trial_is_done(tmp_path: Path) -> None:
    """`run --json` prints the ended job alone; its exit code says that there is no best trial."""
    words = ["--exit", "--json", "--port", "0", "--workers", "1"]
    words += ["--data-dir", str(tmp_path / "data")]
    spec = ENDLESS | {"epochs": 1000, "budget": {"seconds": 1}}
    done = _hpsearch("run", _spec(tmp_path, spec), *words)
    assert done.returncode == 3, done.stderr
    job = json.loads(done.stdout)
    assert (job["state"], job["stop_reason"]) == (
        "completed",
        "budget: seconds; no trial was trained to its end",
    )
    assert job["best"] is None
    assert job["no_best"].startswith("no trial was trained to its end: ")
    assert job["progress"]["trials"]["failed"] == 0


def test_cancel_and_what_it_says_of_an_ended_job(service: Service, tmp_path: Path) -> None:
    job = _hpsearch("submit", _spec(tmp_path, ENDLESS), "--url", service.url).stdout.strip()
    assert _hpsearch("cancel", job, "--url", service.url).returncode == 0
    assert _hpsearch("watch", job, "--url", service.url).returncode == 1
    late = _hpsearch("resume", job, "--url", service.url)
    assert (late.returncode, late.stdout) == (2, "")
    assert late.stderr == f"hpsearch: job '{job}' is cancelled: it cannot be resumed now\n"


def test_unknown_jobs_and_broken_specs_are_a_line_each(service: Service, tmp_path: Path) -> None:
    unknown = _hpsearch("best", "no/such job", "--url", service.url)
    assert (unknown.returncode, len(unknown.stderr.splitlines())) == (2, 1)
    broken = _spec(tmp_path, {"dataset": "digits", "epochs": -1, "colour": "red"})
    answer = _hpsearch("submit", broken, "--url", service.url)
    assert answer.returncode == 2
    fields = [line.split(":")[1].strip() for line in answer.stderr.splitlines()]
    assert sorted(fields) == ["colour", "epochs"]


def test_run_leaves_with_exit_code_0(tmp_path: Path) -> None:
    words = ["--exit", "--port", "0", "--workers", "1", "--data-dir", str(tmp_path / "data")]
    done = _hpsearch("run", _spec(tmp_path, TINY), *words)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "completed (budget: trials)" in done.stdout
    assert "accuracy" in done.stdout


@pytest.mark.parametrize(
    ("change", "field"), [({"colour": 1}, "colour"), ({"dataset": "imagenet"}, "dataset.name")]
)
def test_run_of_a_broken_spec_leaves_with_exit_code_2(
    tmp_path: Path, change: dict[str, object], field: str
) -> None:
    """The first is seen before a server starts, the second by the server."""
    words = ["--port", "0", "--workers", "1", "--data-dir", str(tmp_path / "data")]
    done = _hpsearch("run", _spec(tmp_path, TINY | change), *words)
    assert done.returncode == 2
    assert done.stderr.startswith(f"hpsearch: {field}: ")
    assert "Traceback" not in done.stderr


def test_a_database_that_cannot_be_reached(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"postgresql+psycopg://u:hush@127.0.0.1:{closed.getsockname()[1]}/db"
        words = ["--port", "0", "--data-dir", str(tmp_path), "--database-url", url]
        done = _hpsearch("serve", *words)
    assert done.returncode == 2
    warning, error = done.stderr.splitlines()
    assert "HPSEARCH_DATABASE_PASSWORD_FILE" in warning
    assert error.startswith("hpsearch: ")
    assert "hush" not in done.stderr


def test_a_database_url_with_a_bad_port_is_a_line(tmp_path: Path) -> None:
    words = ["--port", "0", "--data-dir", str(tmp_path), "--database-url", "postgresql://h:x/db"]
    done = _hpsearch("serve", *words)
    assert done.returncode == 2
    assert done.stderr == "hpsearch: database_url is not a database URL\n"
