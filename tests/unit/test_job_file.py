"""A job in one file: the same to the bit when it is read again, and no hostile one is believed."""

import hashlib
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from hpsearch.auditing.record import Record
from hpsearch.digest import digest
from hpsearch.errors import InvalidJobFile
from hpsearch.history import DataHashes, EarlierJob, History
from hpsearch.importable import check_importable
from hpsearch.job_file import (
    FORMAT,
    MANIFEST,
    PARTS,
    TRIALS,
    JobFacts,
    JobFile,
    job_file,
    read_job_file,
)
from hpsearch.jobs import JobState
from hpsearch.spec.budget_change import EarlierBudget
from hpsearch.spec.parts import Budget
from hpsearch.spec.stored import SPEC_VERSION
from tests.unit.test_auditing import record


@pytest.fixture(scope="module")
def searched() -> Record:
    return record(budget={"trials": 18})


def facts_of(searched: Record) -> JobFacts:
    data = DataHashes("d" * 64, "5" * 64)
    return JobFacts(
        id="abcdefghij",
        spec=searched.spec.canonical(),
        spec_version=SPEC_VERSION,
        state=JobState.COMPLETED,
        stop_reason=searched.stop_reason,
        seconds=1.5,
        priority=1.0,
        created_at="2026-01-02T03:04:05+00:00",
        started_at=None,
        finished_at=None,
        environment={"numpy": "2"},
        data=data,
        baseline=(150,) * 10,
        digest=digest(searched.spec, searched.history, searched.stop_reason, data),
        seals=dict(searched.seals),
    )


@pytest.fixture
def file(searched: Record, tmp_path: Path) -> Path:
    path = tmp_path / "job.zip"
    path.write_bytes(job_file(facts_of(searched), searched.history))
    return path


def test_comes_back_equal(searched: Record, file: Path) -> None:
    held = read_job_file(file)
    assert held.spec == searched.spec
    assert held.history.trials == searched.history.trials
    assert held.history.rounds == searched.history.rounds
    assert held.history.baseline == searched.history.baseline
    assert held.facts == facts_of(searched)
    assert job_file(held.facts, held.history) == file.read_bytes()
    now = digest(held.spec, held.history, held.facts.stop_reason, held.facts.data)
    assert now == held.facts.digest


def test_files_from_before_budgets_and_seals_were_recorded(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        job = json.loads(archive.read("job.json"))
    del job["earlier_budgets"]
    report = {"step": 300, "epoch": 3.0, "value": 0.5, "loss": 1.0}
    old = {
        "stage": "repeat", "trial": 0, "repeat": 0, "trained": 80, "scored": 20, "parameters": 9,
        "guess": 0.1, "guessed_accuracy": 0.1, "report": report, "problem": None,
    }  # fmt: skip
    changes = {"job.json": job, "confirmations.json": [old]}
    contents = {name: json.dumps(part).encode() for name, part in changes.items()}
    held = read_job_file(_changed(file, contents))
    assert held.facts.earlier_budgets == ()
    assert held.history.confirmations[0].seal is None


def test_earlier_budgets(searched: Record, tmp_path: Path) -> None:
    earlier = (EarlierBudget(Budget(epochs=2.5), 6), EarlierBudget(Budget(trials=12), 12))
    path = tmp_path / "job.zip"
    facts = replace(facts_of(searched), earlier_budgets=earlier)
    path.write_bytes(job_file(facts, searched.history))
    assert read_job_file(path).facts.earlier_budgets == earlier


def test_earlier_jobs(searched: Record, tmp_path: Path) -> None:
    data = DataHashes("0" * 64, "1" * 64)
    earlier = EarlierJob("a", searched.spec, searched.history.trials, data)
    unreadable = EarlierJob("b", None, ())
    history: History = replace(searched.history, prior=(earlier, unreadable))
    path = tmp_path / "job.zip"
    path.write_bytes(job_file(facts_of(searched), history))
    assert read_job_file(path).history.prior == (earlier, unreadable)


def _changed(file: Path, changes: dict[str, bytes], honest: bool = True, extra: str = "") -> Path:
    """With other content; honest: the manifest says so, too."""
    with zipfile.ZipFile(file) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    contents.update(changes)
    if honest and MANIFEST not in changes:
        hashes = {name: hashlib.sha256(contents[name]).hexdigest() for name in PARTS}
        contents[MANIFEST] = json.dumps({"format": FORMAT, "sha256": hashes}).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
        if extra:
            archive.writestr(extra, b"{}")
    file.write_bytes(packed.getvalue())
    return file


def test_wrong_hashes(file: Path) -> None:
    with pytest.raises(InvalidJobFile, match=r"trials\.json is not what the manifest says"):
        read_job_file(_changed(file, {TRIALS: b"[]"}, honest=False))


@pytest.mark.parametrize("extra", ["../../etc/passwd", "/etc/passwd", "more.json", "a/job.json"])
def test_paths(file: Path, extra: str) -> None:
    with pytest.raises(InvalidJobFile, match="other files"):
        read_job_file(_changed(file, {}, extra=extra))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_duplicates(file: Path) -> None:
    with pytest.raises(InvalidJobFile, match="other files"):
        read_job_file(_changed(file, {}, extra=TRIALS))


def test_bombs(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hpsearch.job_file.MAX_PART", 2**20)
    with pytest.raises(InvalidJobFile, match="maximum"):
        read_job_file(_changed(file, {TRIALS: b" " * (2**20 + 1)}))


def test_lies_about_a_size(file: Path) -> None:
    content = file.read_bytes()
    with zipfile.ZipFile(file) as archive:
        size = archive.getinfo(TRIALS).file_size
    file.write_bytes(content.replace(size.to_bytes(4, "little"), (5).to_bytes(4, "little")))
    with pytest.raises(InvalidJobFile):
        read_job_file(file)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"null", b"[1]", b"[" * 100_000, b'[{"number": 0}]', b"\xff\xfe",
        b'{"format": 99}', b'{"format": 1}', b'{"format": 1, "sha256": []}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", [TRIALS, MANIFEST, "job.json", "rounds.json"])
def test_parts_that_say_nothing(file: Path, name: str, content: bytes) -> None:
    with pytest.raises(InvalidJobFile):
        read_job_file(_changed(file, {name: content}))


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06" + b"\0" * 18, b"not a zip"])
def test_other_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "job.zip"
    path.write_bytes(content)
    with pytest.raises(InvalidJobFile):
        read_job_file(path)
    with pytest.raises(InvalidJobFile, match="cannot be read"):
        read_job_file(tmp_path / "missing.zip")


def _lies(held: JobFile, lie: str) -> JobFile:
    facts, history = held.facts, held.history
    first, *others = history.trials
    report = replace(first.reports[0], loss=0.0)
    changed = {
        "id": replace(facts, id="largejob00"),
        "counts": replace(facts, baseline=(15, -1)),
        "not ended": replace(facts, state=JobState.RUNNING),
        "a time": replace(facts, created_at="yesterday"),
        "without a zone": replace(facts, created_at="2026-01-02T03:04:05"),
        "another digest": replace(facts, digest="0" * 64),
    }
    trials = {
        "seal": replace(first, reports=(report, *first.reports[1:])),
        "number": replace(first, number=1),
        "round": replace(first, round=99),
        "cohort": replace(first, cohort=2**40),
        "parameters": replace(first, params={"learning_rate": 1e9}),
        "space": replace(first, params={"no_such_name": 1}),
        "steps": replace(first, reports=(*first.reports, first.reports[0])),
    }
    if lie in trials:
        history = replace(history, trials=(trials[lie], *others))
    if lie == "hash of counts":
        data = DataHashes("d" * 64, "5" * 64, "0" * 64)
        history = replace(history, data=data)
    if lie == "earlier id":
        history = replace(history, prior=(EarlierJob("../" * 40, None, ()),))
    if lie == "rounds":
        history = replace(history, rounds=history.rounds[1:])
    return replace(held, facts=changed.get(lie, facts), history=history)


LIES = {
    "id": "'largejob00' is not a job id",
    "counts": "impossible numbers",
    "not ended": "only ended jobs",
    "a time": "not a time",
    "without a zone": "not a time",
    "another digest": "does not come to its digest",
    "seal": "its seal broke",
    "number": "trial 0 is missing",
    "round": "impossible round or cohort",
    "cohort": "impossible round or cohort",
    "parameters": "not in the job's space",
    "space": "not in the job's space",
    "steps": "do not ascend",
    "rounds": "round 0 is missing",
    "hash of counts": "other numbers of images",
    "earlier id": "is not a job id",
}


@pytest.mark.parametrize("lie", LIES)
def test_no_job_is_made_of_a_lie(file: Path, lie: str) -> None:
    held = read_job_file(file)
    check_importable(held)
    with pytest.raises(InvalidJobFile, match=LIES[lie]):
        check_importable(_lies(held, lie))
