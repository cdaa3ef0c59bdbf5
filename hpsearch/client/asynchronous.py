"""A client for asyncio: each method as in `Client`, to be awaited."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any, cast

import httpx2 as httpx

from hpsearch.client import calls
from hpsearch.client.addresses import API, path_of, piece
from hpsearch.client.async_connection import Answer, AsyncConnection
from hpsearch.client.calls import Call, Spec
from hpsearch.client.event_stream import EventReader
from hpsearch.client.problems import json_of
from hpsearch.client.settings import PATIENCE, POLL, TIMEOUT, UPLOAD_TIMEOUT
from hpsearch.client.values import (
    Best,
    Certificate,
    Change,
    Dataset,
    Digest,
    Event,
    Job,
    Round,
    Trial,
    Value,
    rows_of,
)
from hpsearch.errors import ServiceError


class AsyncClient(AsyncConnection):
    """Talks to one server, as `Client` does; `watch` and `all_jobs` are read with `async for`.

    Every method raises ServiceError where that goes wrong.

    A call that does the same when it arrives twice is made again if no answer comes, or one that
    says that the server is away or busy: `retries` times, with longer and longer pauses.
    """

    async def submit(self, spec: Spec, key: str | None = None) -> Job:
        """Submit a search: a SearchSpec, what `json` would read of one, or JSON as it is written.

        key: with the same one, the same search is submitted once, however often this is called.
        """
        return cast(Job, await self._json(calls.submit(spec, key)))

    async def job(self, job_id: str) -> Job:
        """One job as it is now."""
        return cast(Job, await self._json(calls.get(path_of(job_id))))

    async def jobs(
        self,
        limit: int = 50,
        state: str | None = None,
        label: str | None = None,
        text: str | None = None,
        archived: bool = False,
        order: str | None = None,
    ) -> list[Job]:
        """The newest jobs, or the first ones in another order: oldest, name, best or time."""
        return calls.items(await self._json(calls.jobs(state, label, text, archived, order, limit)))

    async def all_jobs(self) -> AsyncIterator[Job]:
        """Every job, newest first, a page at a time."""
        after: str | None = None
        while True:
            answer = await self._json(calls.jobs(None, None, None, False, None, calls.PAGE, after))
            for item in calls.items(answer):
                yield item
            after = answer.get("next")
            if after is None:
                return

    async def delete(self, job_id: str) -> None:
        """Delete a job that has ended."""
        await self._json(calls.delete_job(job_id))

    async def cancel(self, job_id: str) -> Job:
        """End a job; its finished trials stay."""
        return await self.command(job_id, "cancel")

    async def pause(self, job_id: str) -> Job:
        """Train nothing more of a job until it is resumed."""
        return await self.command(job_id, "pause")

    async def resume(self, job_id: str) -> Job:
        """Go on with a paused job."""
        return await self.command(job_id, "resume")

    async def command(self, job_id: str, verb: str) -> Job:
        """cancel, pause or resume; answers the job."""
        return cast(Job, await self._json(calls.verb(job_id, verb)))

    async def change(self, job_id: str, changes: Change) -> Job:
        """Change the budget, the priority or the labels, or archive the job."""
        return cast(Job, await self._json(calls.change(job_id, changes)))

    async def enqueue(self, job_id: str, params: Mapping[str, Value]) -> Job:
        """Have these parameters tried."""
        return cast(Job, await self._json(calls.enqueue(job_id, params)))

    async def clone(
        self, job_id: str, changes: Mapping[str, Any] | None = None, key: str | None = None
    ) -> Job:
        """Submit a job's spec again, changed by a JSON merge patch; see `submit`."""
        return cast(Job, await self._json(calls.clone(job_id, changes or {}, key)))

    async def best(self, job_id: str, limit: int = 10) -> list[Best]:
        """The best complete trials, best first."""
        return calls.items(await self._json(calls.get(f"{path_of(job_id)}/best", limit=limit)))

    async def trials(self, job_id: str) -> list[Trial]:
        """All trials of a job, by number."""
        path, found, after = f"{path_of(job_id)}/trials", [], None
        while True:
            answer = await self._json(calls.get(path, limit=calls.PAGE, after=after))
            found += calls.items(answer)
            after = answer.get("next")
            if after is None:
                return found

    async def table(self, job_id: str) -> list[dict[str, Any]]:
        """All trials as flat rows: `pandas.DataFrame(client.table(job_id))`."""
        return rows_of(await self.trials(job_id))

    async def trial(self, job_id: str, number: int) -> Trial:
        """One trial, with its reports and why it has these parameters and stopped."""
        return cast(Trial, await self._json(calls.get(f"{path_of(job_id)}/trials/{number}")))

    async def rounds(self, job_id: str) -> list[Round]:
        """The rounds of a job so far, with the ranges that each sampled from."""
        return calls.items(await self._json(calls.get(f"{path_of(job_id)}/rounds")))

    async def digest(self, job_id: str) -> Digest:
        """The SHA-256 of a job's result."""
        return cast(Digest, await self._json(calls.get(f"{path_of(job_id)}/digest")))

    async def certificate(self, job_id: str) -> Certificate:
        """How sure it is who won."""
        return cast(Certificate, await self._json(calls.get(f"{path_of(job_id)}/certificate")))

    def watch(
        self, job_id: str, after: int = 0, patience: float = PATIENCE
    ) -> AsyncIterator[Event]:
        """What happens in a job, as it happens, until the job has ended.

        All events from the first, or after the one of this id. A server that goes away is waited
        for, `patience` seconds at most; no event comes twice, and none is missed.
        """
        return self._events(f"{path_of(job_id)}/events", EventReader(after), patience)

    async def estimate(self, spec: Spec) -> Answer:
        """What a search would take. Waits for the workers to time it."""
        answer = await self._json(calls.estimate(spec))
        while "waits_for" in answer:
            await self._sleep(POLL)
            answer = await self.get(answer["links"]["self"])
        return answer

    async def export(self, job_id: str) -> bytes:
        """The whole job as one file; see hpsearch.job_file."""
        return (await self._send(calls.get(f"{path_of(job_id)}/export"))).content

    async def import_job(self, content: bytes) -> Job:
        """Bring a file that `export` gave into this server; answers the job."""
        return cast(Job, await self._json(calls.import_job(content)))

    async def model(
        self,
        job_id: str,
        number: int | None = None,
        different: bool = False,
        progress: Callable[[Answer], None] = lambda _: None,
    ) -> bytes:
        """A trial's network, `model.npz`; the winner's if no number is given.

        It is trained again: `progress` is told how far it is. different: take it also if it did
        not come out as recorded.
        """
        return await self._made(calls.model_path(job_id, number), different, progress)

    async def inside(
        self, job_id: str, number: int, progress: Callable[[Answer], None] = lambda _: None
    ) -> dict[str, bytes]:
        """What a trial's network looks like inside: PNG files by their names; see `model`."""
        path = calls.inside_path(job_id, number)
        answer = json.loads(await self._made(path, False, progress))
        names = [each["name"] for each in answer["pictures"]]
        return {name: await self._made(f"{path}/{name}.png", False, progress) for name in names}

    async def report(
        self,
        job_id: str,
        different: bool = False,
        progress: Callable[[Answer], None] = lambda _: None,
    ) -> bytes:
        """A job as one page of HTML, with the winner in it; see `model`."""
        return await self._made(f"{path_of(job_id)}/report.html", different, progress)

    async def datasets(self) -> list[Dataset]:
        """The server's data sets."""
        return calls.items(await self._json(calls.get(f"{API}/datasets")))

    async def dataset(self, name: str) -> Dataset:
        """One of them."""
        return cast(Dataset, await self._json(calls.get(f"{API}/datasets/{piece(name)}")))

    async def delete_dataset(self, name: str) -> None:
        """Delete a data set that you uploaded."""
        await self._json(calls.delete_dataset(name))

    async def upload(self, name: str, file: Path, called: str) -> Dataset:
        """Upload a data set: an .npz file, or a zip file of folders; answers it, once checked."""
        try:
            with file.open("rb") as content:
                options = {
                    "data": {"name": name},
                    "files": {"file": (called, content)},
                    "timeout": httpx.Timeout(TIMEOUT, read=UPLOAD_TIMEOUT),
                }
                call = Call("POST", f"{API}/datasets", options, repeatable=False)
                return cast(Dataset, await self._json(call))
        except OSError as error:
            raise ServiceError([f"cannot read {file}: {error.strerror}"]) from None

    async def changes(self, limit: int = 100) -> list[Answer]:
        """The audit log, the newest first; needs a token of scope admin."""
        return calls.items(await self._json(calls.get(f"{API}/audit", limit=limit)))

    async def get(self, path: str, **query: Any) -> Answer:
        """Any other answer, as the server gives it: `get("/readyz")`."""
        return await self._json(calls.get(path, **query))

    async def _made(self, path: str, different: bool, progress: Callable[[Answer], None]) -> bytes:
        """What a trial is trained again for; waits until it is."""
        while True:
            response = await self._send(calls.trained_again(path, different))
            if response.status_code == httpx.codes.OK:
                return response.content
            progress(json_of(self.url, response))
            await self._sleep(float(response.headers.get("Retry-After", "1")))
