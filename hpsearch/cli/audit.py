"""`hpsearch audit`: the decisions of a job, computed again from its record."""

import tempfile
from pathlib import Path

from hpsearch.auditing.audit import audit
from hpsearch.auditing.record import Record
from hpsearch.cli.output import print_json
from hpsearch.client import Client
from hpsearch.digest import digest
from hpsearch.job_file import JobFile, read_job_file

SUFFIX = ".zip"


def audit_job(job: str, url: str, as_json: bool) -> bool:
    """Print what does not come out as recorded; True if all does."""
    held = read_held(job, url)
    facts = held.facts
    found = audit(
        Record(
            spec=held.spec,
            history=held.history,
            stop_reason=facts.stop_reason,
            ended=facts.state.ended,
            seals=facts.seals,
            earlier_budgets=facts.earlier_budgets,
        )
    )
    lines = [str(finding) for finding in found]
    now = digest(held.spec, held.history, facts.stop_reason, facts.data)
    if now != facts.digest:
        lines.append(f"the digest: is {facts.digest}, what is recorded comes to {now}")
    count = len(held.history.trials)
    if as_json:
        print_json({"job": facts.id, "trials": count, "digest": now, "findings": lines})
    else:
        for line in lines:
            print(line)
        print(f"{count:,} trials: {_words(held, len(lines))}")
    return not lines


def read_held(job: str, url: str) -> JobFile:
    """What is recorded of a job: from a file that was exported, or from a server."""
    if job.endswith(SUFFIX):
        return read_job_file(Path(job))
    with Client(url) as client, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "job.zip"
        path.write_bytes(client.export(job))
        return read_job_file(path)


def _words(held: JobFile, findings: int) -> str:
    if findings:
        return f"{findings} things do not come out as recorded"
    unsealed = sum(
        trial.ending is not None and trial.number not in held.facts.seals
        for trial in held.history.trials
    )
    old = f"; {unsealed:,} are from before trials were sealed" if unsealed else ""
    return f"every decision comes out as recorded{old}"
