"""`hpsearch watch` beside a server that is started again."""

import subprocess

from harness.service import HPSEARCH, MakeService, wait_until
from tests.integration.api.specs import TINY


def test_a_watcher_outlasts_a_restart_and_says_that_it_waits(make_service: MakeService) -> None:
    service = make_service(workers=1)
    service.start()
    service.wait_until_leading()
    job = service.submit(TINY | {"epochs": 2, "budget": {"trials": 24}})
    said = service.log.with_name("watch.log")
    with said.open("w") as log:
        watch = subprocess.Popen(
            [*HPSEARCH, "watch", job, "--url", service.url], stdout=log, stderr=log
        )
    try:
        wait_until(lambda: "trials" in said.read_text(), 30, "the watcher sees the job")
        service.kill()
        wait_until(lambda: "waiting: no answer" in said.read_text(), 30, said.read_text)
        service.start()
        assert watch.wait(120) == 0
    finally:
        watch.kill()
        watch.wait()
    lines = said.read_text()
    assert f"job {job} completed" in lines
    assert "Traceback" not in lines
