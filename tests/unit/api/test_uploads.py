"""Uploads over HTTP: good ones are kept, all others are refused and leave nothing behind."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api import uploads
from api.gate import Gate
from hpsearch.access import Scope
from hpsearch.cli.datasets import upload_dataset
from hpsearch.datasets import content_store
from hpsearch.datasets.checking_child import DEFAULT_LIMITS
from hpsearch.errors import DatasetError
from hpsearch.tokens import TokenFile
from tests.hostile_uploads import arrays, folders, hostile_uploads, large_uploads, npz, zipped
from tests.unit.api.conftest import open_server

pytestmark = pytest.mark.slow  # each check is a process

PATH = "/api/v1/datasets"
FORM = "multipart/form-data; boundary=a"
FIELD = b'--a\r\nContent-Disposition: form-data; name="%s"\r\n\r\n'


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> TokenFile:
    return TokenFile(tmp_path_factory.mktemp("uploads"))


@pytest.fixture(scope="module")
def client(tokens: TokenFile, sqlite_template: Path) -> Iterator[TestClient]:
    with open_server(tokens.folder, sqlite_template, Gate(tokens)) as server:
        yield server.client


@pytest.fixture(scope="module")
def ann(tokens: TokenFile) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens.create('ann', Scope.SUBMIT)}"}


@pytest.fixture(scope="module")
def bob(tokens: TokenFile) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens.create('bob', Scope.SUBMIT)}"}


def send(client: TestClient, who: dict[str, str], name: str, content: bytes) -> Any:
    files = {"file": ("data.npz", io.BytesIO(content))}
    return client.post(PATH, headers=who, data={"name": name}, files=files)


def left(tokens: TokenFile) -> set[str]:
    return {path.name for path in (tokens.folder / "datasets").iterdir()}


def test_upload_again_look_and_delete(
    client: TestClient, tokens: TokenFile, ann: dict[str, str], bob: dict[str, str]
) -> None:
    content = npz(arrays())
    first = send(client, ann, "mine", content)
    assert first.status_code == 201, first.text
    assert first.headers["location"] == f"{PATH}/mine"
    assert (first.json()["owner"], first.json()["classes"]) == ("ann", 3)
    assert send(client, bob, "mine", content).status_code == 200
    assert client.get(f"{PATH}/mine", headers=bob).json()["owner"] == "ann"
    other = send(client, bob, "mine", npz(arrays(80)))
    assert other.status_code == 422
    assert "is there already, with other images" in other.json()["detail"]
    assert client.delete(f"{PATH}/mine", headers=bob).status_code == 403
    assert client.delete(f"{PATH}/mine", headers=ann).status_code == 204
    assert client.get(f"{PATH}/mine", headers=ann).status_code == 404
    assert left(tokens) == set()


def test_folders_of_images_in_a_zip(client: TestClient, ann: dict[str, str]) -> None:
    answer = send(client, ann, "pictures", zipped(folders()))
    assert answer.status_code == 201, answer.text
    assert answer.json()["class_names"] == ["a", "b", "c"]
    client.delete(f"{PATH}/pictures", headers=ann)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_the_command_uploads_files_and_folders(
    client: TestClient,
    ann: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: str,
) -> None:
    source = tmp_path / "source"
    if kind == "file":
        source.write_bytes(npz(arrays()))
    for name, content in folders().items() if kind == "folder" else ():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(content)
    monkeypatch.setenv("HPSEARCH_TOKEN", ann["Authorization"].removeprefix("Bearer "))
    monkeypatch.setattr("httpx2.Client", lambda **options: _through(client, **options))
    upload_dataset("mine", source, "http://testserver")
    assert "mine is there: 48 training images, 12 to test" in capsys.readouterr().out
    assert client.delete(f"{PATH}/mine", headers=ann).status_code == 204


def _through(client: TestClient, **options: Any) -> Any:
    """The client of the command, connected to the server in this process."""

    class Through(TestClient):
        def request(self, *given: Any, timeout: object = None, **more: Any) -> Any:
            return super().request(*given, **more)  # nothing is waited for in this process

    return Through(client.app, base_url=options["base_url"], headers=options["headers"])


HOSTILE = list(hostile_uploads())


def test_there_are_at_least_a_hundred() -> None:
    assert len({label for label, _ in HOSTILE}) == len(HOSTILE) >= 100


@pytest.mark.parametrize(("label", "content"), HOSTILE, ids=[label for label, _ in HOSTILE])
def test_hostile_files_are_refused(
    client: TestClient, tokens: TokenFile, ann: dict[str, str], label: str, content: bytes
) -> None:
    answer = send(client, ann, "hostile", content)
    assert 400 <= answer.status_code < 500, answer.text
    assert len(answer.json()["detail"]) > 20
    assert str(tokens.folder) not in answer.text
    assert left(tokens) == set()


@pytest.mark.parametrize("label", list(large_uploads()))
def test_large_hostile_files_are_refused(
    client: TestClient, tokens: TokenFile, ann: dict[str, str], label: str
) -> None:
    content = large_uploads()[label]()
    test_hostile_files_are_refused(client, tokens, ann, label, content)


MEASURE = """
import json, resource, subprocess, sys
done = subprocess.run(
    [sys.executable, "-m", "hpsearch.datasets.checking_child"], input=sys.argv[1].encode(),
    capture_output=True, check=True,
)
print(json.loads(done.stdout.splitlines()[-1]).get("facts"), file=sys.stderr)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.mark.parametrize("label", list(large_uploads()))
def test_a_check_takes_little_memory(tmp_path: Path, label: str) -> None:
    """Measured from a small process: a child counts what its parent had when it forked."""
    source = tmp_path / "data.zip"
    source.write_bytes(large_uploads()[label]())
    limits = {"memory": DEFAULT_LIMITS.memory, "file": DEFAULT_LIMITS.file}
    told = {"source": str(source), "draft": str(tmp_path / "draft"), "called": "x", "size": None}
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, json.dumps({**told, **limits})],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.strip() == "None"  # it was refused
    assert int(done.stdout) < 300_000  # kB


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", FORM, 422),
        (b"", "multipart/form-data", 415),
        (b"", "multipart/form-data; boundary=" + "a" * 100, 415),
        (b"{}", "application/json", 415),
        (b"", "", 415),
        (b"hello", FORM, 400),
        (FIELD % b"file" + b"x", FORM, 422),
        (FIELD % b"name" + b"x\r\n--a--\r\n", FORM, 422),
        (FIELD % b"other" + b"x\r\n--a--\r\n", FORM, 422),
        (FIELD % b"file" + b"x\r\n" + FIELD % b"file" + b"y\r\n--a--\r\n", FORM, 422),
        (b"--a\r\n\r\nx\r\n--a--\r\n", FORM, 422),
        (FIELD % b"name" + b"x" * 300 + b"\r\n--a--\r\n", FORM, 422),
        (b"--a\r\n" + b"X-Y: z\r\n" * 50 + b"\r\nx\r\n--a--\r\n", FORM, 400),
        (b"--a\r\nX-Y: " + b"z" * 9000 + b"\r\n\r\nx\r\n--a--\r\n", FORM, 400),
    ],
)
def test_forms_that_are_none(
    client: TestClient,
    tokens: TokenFile,
    ann: dict[str, str],
    body: bytes,
    kind: str,
    status: int,
) -> None:
    answer = client.post(PATH, headers={**ann, "Content-Type": kind}, content=body)
    assert answer.status_code == status, answer.text
    assert left(tokens) == set()


@pytest.mark.parametrize("name", ["../x", "A", "", "digits", "a" * 65, "a\0b", "x y"])
def test_names_that_are_refused(
    client: TestClient, tokens: TokenFile, ann: dict[str, str], name: str
) -> None:
    assert send(client, ann, name, npz(arrays())).status_code == 422
    assert left(tokens) == set()


def test_well_known_names_are_for_admins(client: TestClient, ann: dict[str, str]) -> None:
    assert send(client, ann, "mnist", npz(arrays())).status_code == 403


def test_what_is_too_large_is_refused_before_it_has_come(
    client: TestClient, tokens: TokenFile, ann: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _settings(client, monkeypatch, upload_bytes=20_000)
    headers = {**ann, "Content-Type": "multipart/form-data; boundary=a"}
    declared = client.post(PATH, headers={**headers, "Content-Length": "99999999"}, content=b"")
    assert declared.status_code == 413

    def endless() -> Iterator[bytes]:
        yield b'--a\r\nContent-Disposition: form-data; name="file"\r\n\r\n'
        for _ in range(10_000):
            yield bytes(10_000)

    assert client.post(PATH, headers=headers, content=endless()).status_code == 413
    assert left(tokens) == set()


def test_quotas(
    client: TestClient, tokens: TokenFile, ann: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = npz(arrays())
    _quotas(client, monkeypatch, datasets=1, dataset_bytes=10**9)
    assert send(client, ann, "one", content).status_code == 201
    refused = send(client, ann, "two", npz(arrays(80)))
    assert refused.status_code == 429
    assert "delete one" in refused.json()["detail"]
    _quotas(client, monkeypatch, datasets=9, dataset_bytes=15_000)
    refused = send(client, ann, "two", npz(arrays(80)))
    assert (refused.status_code, "would take" in refused.text) == (429, True)
    client.delete(f"{PATH}/one", headers=ann)
    assert left(tokens) == set()


def test_a_full_disk_is_507(
    client: TestClient, tokens: TokenFile, ann: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "SPARE", 2**60)
    assert send(client, ann, "full", npz(arrays())).status_code == 507
    monkeypatch.undo()

    def full(*_: object) -> None:
        raise DatasetError("cannot write to datasets: No space left on device")

    monkeypatch.setattr(content_store.ContentStore, "keep", full)
    assert send(client, ann, "full", npz(arrays())).status_code == 507
    assert left(tokens) == set()


def _settings(client: TestClient, monkeypatch: pytest.MonkeyPatch, **changed: Any) -> None:
    services = client.app.state.services  # type: ignore[attr-defined] # ours
    object_settings = services.settings.model_copy(update=changed)
    monkeypatch.setitem(vars(services), "settings", object_settings)


def _quotas(client: TestClient, monkeypatch: pytest.MonkeyPatch, **changed: int) -> None:
    services = client.app.state.services  # type: ignore[attr-defined] # ours
    quotas = type(services.quotas)(jobs=9, **changed)
    monkeypatch.setitem(vars(services), "quotas", quotas)
