"""What schemathesis is told while it fuzzes a server: jobs that are there, and a token to show.

It makes up ids, of jobs that are not. Three of four are replaced by one of HPSEARCH_FUZZ_JOBS, the
first of which has ended; which one is up to the id that it made. HPSEARCH_TOKEN goes into each
request whose token is not itself made up.
"""

import os
import zlib
from typing import Any

import schemathesis

TOKEN = os.environ.get("HPSEARCH_TOKEN")
JOBS = os.environ.get("HPSEARCH_FUZZ_JOBS", "").split(",")

schemathesis.serializer.alias("application/zip", "application/octet-stream")


@schemathesis.hook
def map_path_parameters(
    context: schemathesis.HookContext, path_parameters: dict[str, Any] | None
) -> dict[str, Any] | None:
    if path_parameters and "job_id" in path_parameters:
        if context.operation is not None and context.operation.path.endswith("/events"):
            path_parameters["job_id"] = JOBS[0]  # its stream ends
            return path_parameters
        dice = zlib.crc32(repr(path_parameters["job_id"]).encode())
        if dice % 4:
            path_parameters["job_id"] = JOBS[dice // 4 % len(JOBS)]
    return path_parameters


@schemathesis.hook
def before_call(  # the names are schemathesis's
    context: schemathesis.HookContext,  # noqa: ARG001
    case: schemathesis.Case[Any],
    kwargs: dict[str, Any],  # noqa: ARG001
) -> None:
    if TOKEN:
        case.headers.setdefault("Authorization", f"Bearer {TOKEN}")
