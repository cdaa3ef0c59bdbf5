"""A whole job in one file: a zip of JSON with the hash of each part.

It proves itself: what a digest, an audit and a training again need is all in it. The same job gives
the same bytes. Reading one is reading what anybody may have written: names, sizes and hashes are
checked before anything is understood, and nothing is written anywhere.
"""

import hashlib
import io
import json
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from hpsearch.baseline import Baseline
from hpsearch.datasets.archive import open_zip, refusing
from hpsearch.errors import DatasetError, InvalidJobFile
from hpsearch.history import Confirmation, DataHashes, EarlierJob, History, Round
from hpsearch.jobs import JobState
from hpsearch.spec.bounds import STORED
from hpsearch.spec.budget_change import EarlierBudget
from hpsearch.spec.search import SearchSpec
from hpsearch.spec.stored import SPEC_VERSION, Unreadable, read_stored
from hpsearch.trial import Trial

FORMAT = 1
MANIFEST = "manifest.json"
JOB, ROUNDS, TRIALS, CONFIRMATIONS, PRIOR = (
    "job.json",
    "rounds.json",
    "trials.json",
    "confirmations.json",
    "prior.json",
)
PARTS = (JOB, ROUNDS, TRIALS, CONFIRMATIONS, PRIOR)
MAX_FILE = 128 * 2**20  # bytes, packed
MAX_PART = 512 * 2**20  # bytes of one part, unpacked
MAX_TRIALS = 1_000_000
MAX_MANIFEST = 64 * 1024  # bytes
CHUNK = 2**20  # bytes
FIRST_DATE = (1980, 1, 1, 0, 0, 0)  # of a zip file; times would make other bytes of the same job

Facts = TypeVar("Facts")


@dataclass(frozen=True)
class JobFacts:
    """A job beside what happened in it. baseline: images of each class in its validation part.

    seals: by trial number, see `hpsearch.digest.seal_of`. Times are ISO 8601 in UTC.
    earlier_budgets: those before the spec's, the oldest first; files of earlier versions lack them.
    """

    id: str
    spec: dict[str, Any]
    spec_version: int
    state: JobState
    stop_reason: str | None
    seconds: float
    priority: float
    created_at: str
    started_at: str | None
    finished_at: str | None
    environment: dict[str, str]
    data: DataHashes | None
    baseline: tuple[int, ...] | None
    digest: str
    seals: dict[int, str]
    earlier_budgets: tuple[EarlierBudget, ...] = ()


@dataclass(frozen=True)
class Prior:
    """An earlier job that this one started from, as it was then. spec: null if unreadable."""

    id: str
    spec: dict[str, Any] | None
    trials: tuple[Trial, ...]
    data: DataHashes | None = None


@dataclass(frozen=True)
class JobFile:
    """What a file holds."""

    facts: JobFacts
    spec: SearchSpec
    history: History


def job_file(facts: JobFacts, history: History) -> bytes:
    """The file of a job."""
    prior = [
        {
            "id": each.id,
            "spec": None if each.spec is None else each.spec.canonical(),
            "trials": _plain(each.trials),
            "data": _plain(each.data),
        }
        for each in history.prior
    ]
    parts = {
        JOB: _plain(facts),
        ROUNDS: _plain(history.rounds),
        TRIALS: _plain(history.trials),
        CONFIRMATIONS: _plain(history.confirmations),
        PRIOR: prior,
    }
    contents = {name: _to_json(part) for name, part in parts.items()}
    manifest = {
        "format": FORMAT,
        "hpsearch": version("hpsearch"),
        "sha256": {name: _sha256(content) for name, content in contents.items()},
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, content in {MANIFEST: _to_json(manifest), **contents}.items():
            info = zipfile.ZipInfo(name, FIRST_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return packed.getvalue()


def read_job_file(path: Path) -> JobFile:
    """What a file says; raises InvalidJobFile that says what is wrong with it."""
    try:
        with refusing(str(path)):
            if path.stat().st_size > MAX_FILE:
                raise DatasetError(f"is larger than {MAX_FILE / 2**20:g} MB, the maximum")
            contents = _contents(path)
    except DatasetError as error:
        raise InvalidJobFile(str(error)) from None
    return _understood(path, contents)


def _contents(path: Path) -> Mapping[str, bytes]:
    with open_zip(path) as archive:
        infos = archive.infolist()
        names = [info.filename for info in infos]
        if sorted(names) != sorted((MANIFEST, *PARTS)):
            raise DatasetError(f"holds other files than a job's: {', '.join(names)[:200]}")
        if any(info.flag_bits & 1 for info in infos):
            raise DatasetError("is encrypted")
        by_name = dict(zip(names, infos, strict=True))
        manifest = _manifest(_read(archive, by_name[MANIFEST], MAX_MANIFEST))
        contents = {}
        for name in PARTS:
            contents[name] = _read(archive, by_name[name], MAX_PART)
            if _sha256(contents[name]) != manifest.get(name):
                raise DatasetError(f"{name} is not what the manifest says: its SHA-256 is another")
    return contents


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    """A member, unpacked no further than the limit, whatever its header says."""
    if info.file_size > limit:
        raise DatasetError(f"{info.filename} is {info.file_size} bytes; the maximum is {limit}")
    found = bytearray()
    with archive.open(info) as member:
        while piece := member.read(CHUNK):
            found += piece
            if len(found) > limit:
                raise DatasetError(f"{info.filename} unpacks to more than {limit} bytes")
    return bytes(found)


def _manifest(content: bytes) -> Mapping[str, str]:
    try:
        manifest = json.loads(content)
        if manifest["format"] != FORMAT:
            raise DatasetError(f"has format {manifest['format']!r}; this version reads {FORMAT}")
        hashes: Mapping[str, str] = manifest["sha256"]
        if not isinstance(hashes, dict):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise DatasetError("has no manifest of a job") from None
    return hashes


def _understood(path: Path, contents: Mapping[str, bytes]) -> JobFile:
    facts = _validated(path, JOB, JobFacts, contents)
    trials = _validated(path, TRIALS, tuple[Trial, ...], contents)
    rounds = _validated(path, ROUNDS, tuple[Round, ...], contents)
    confirmations = _validated(path, CONFIRMATIONS, tuple[Confirmation, ...], contents)
    prior = _validated(path, PRIOR, tuple[Prior, ...], contents)
    if len(trials) > MAX_TRIALS:
        raise InvalidJobFile(f"{path} has {len(trials):,} trials; the maximum is {MAX_TRIALS:,}")
    spec = _spec(facts.spec, facts.spec_version)
    if spec is None:
        raise InvalidJobFile(f"{path}: this version cannot read its spec")
    history = History(
        trials=trials,
        rounds=rounds,
        prior=tuple(
            EarlierJob(each.id, _spec(each.spec, SPEC_VERSION), each.trials, each.data)
            for each in prior
        ),
        seconds=facts.seconds,
        baseline=None if facts.baseline is None else Baseline(facts.baseline),
        confirmations=confirmations,
        data=facts.data,
    )
    return JobFile(facts, spec, history)


def _validated(path: Path, name: str, kind: type[Facts], contents: Mapping[str, bytes]) -> Facts:
    try:
        return TypeAdapter(kind).validate_json(contents[name], strict=False, context=STORED)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])[:100]
        raise InvalidJobFile(f"{path}: {name}: {where}: {first['msg']}") from None


def _spec(facts: dict[str, Any] | None, spec_version: int) -> SearchSpec | None:
    found = None if facts is None else read_stored(json.dumps(facts), spec_version)
    return None if isinstance(found, Unreadable) else found


def _plain(value: Any) -> Any:
    """As JSON values; what JSON has no number for as text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _to_json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
