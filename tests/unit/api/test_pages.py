"""The pages as the server makes them: whole without JavaScript, and from nowhere else."""

import re

import optuna
import pytest
from sqlalchemy import update

from api.web.templating import COMPRESSED, STATIC, VERSION
from storage.rows import tables
from tests.unit.api.server_in_process import ServerInProcess

SPEC = {"name": "<b>ours</b>", "epochs": 1}
NAMESPACE = "http://www.w3.org/2000/svg"
UPLOT_HOME = "https://github.com/leeoniya/uPlot"
"""Named by the comment that heads its file."""
MOST_BYTES = 60_000  # of all files beside the pages, compressed as they are sent


@pytest.fixture
def job(server: ServerInProcess) -> str:
    job_id: str = server.submit(**SPEC)["id"]
    server.run_a_little(job_id)
    return job_id


def test_the_list_shows_each_job_with_its_best_value(server: ServerInProcess, job: str) -> None:
    text = server.client.get("/").text
    assert f"/jobs/{job}" in text
    assert "0.9500" in text
    assert "<b>ours" not in text
    assert "&lt;b&gt;ours" in text


def test_the_list_by_state(server: ServerInProcess, job: str) -> None:
    assert f"/jobs/{job}" in server.client.get("/?state=running").text
    assert f"/jobs/{job}" not in server.client.get("/?state=failed").text
    assert server.client.get("/?state=asleep").status_code == 422


def test_the_list_by_text(server: ServerInProcess, job: str) -> None:
    assert f"/jobs/{job}" in server.client.get("/?text=OURS").text
    assert "No job is found" in server.client.get("/?text=50%25").text


def test_a_job_is_whole_without_javascript(server: ServerInProcess, job: str) -> None:
    text = server.client.get(f"/jobs/{job}").text
    pictures = re.findall(r'<svg [^>]*class="chart[^>]*aria-label="([^"]+)"', text)
    assert len(pictures) == 4
    for number, kind in enumerate(("complete best", "pruned", "diverged", "running")):
        assert f'class="t {kind}" data-t="{number}"' in text
    assert "below the median" in text
    assert "at iteration 7" in text
    assert "look lower" in text
    assert re.search(r"Trial 0 (leads|has likely the best setting)", text)
    assert "0.9500" in text


def test_a_page_that_was_drawn_is_drawn_anew_once_the_job_has_changed(
    server: ServerInProcess, job: str
) -> None:
    first = server.client.get(f"/jobs/{job}").text
    assert server.client.get(f"/jobs/{job}").text == first
    server.end(job)
    assert 'data-ended="yes"' in server.client.get(f"/jobs/{job}").text


def test_the_axes_can_be_chosen(server: ServerInProcess, job: str) -> None:
    text = server.client.get(f"/jobs/{job}?x=weight_decay&y=learning_rate").text
    assert 'aria-label="weight_decay against learning_rate' in text
    assert server.client.get(f"/jobs/{job}?x=nonsense").status_code == 200


def test_a_job_that_is_not_there(server: ServerInProcess) -> None:
    assert server.client.get("/jobs/none").status_code == 404
    assert server.client.get("/compare?jobs=none").status_code == 404


def test_jobs_beside_each_other(server: ServerInProcess, job: str) -> None:
    other = server.submit(epochs=2)["id"]
    text = server.client.get(f"/compare?jobs={job},{other}").text
    assert "<code>epochs</code>" in text
    assert "No jobs are chosen" in server.client.get("/compare").text


def test_searches_that_differ_by_their_seed_are_repeats(server: ServerInProcess) -> None:
    jobs = []
    for seed in (3, 8):
        for epochs in (1, 2):
            jobs.append(server.submit(seed=seed, epochs=epochs, name=f"{epochs} epochs")["id"])
            server.run_a_little(jobs[-1])
    path = f"/compare?jobs={','.join(jobs)}"
    assert "cannot be said from 0 of 2 epochs and 0 of 1 epochs" in server.client.get(path).text
    for job in jobs:
        server.end(job)
    text = server.client.get(path).text
    assert "2 epochs and 1 epochs cannot be told apart: the difference is +0.0000" in text
    assert "2 pairs of searches with the same seeds" in text
    assert text.count("mean, ended jobs") == 2
    assert "with seed 9" in text
    assert "<code>seed</code>" not in text
    assert text.count('class="t stairs k0"') == 2


def test_buttons_wait_for_the_script_that_answers_them(server: ServerInProcess) -> None:
    """A click before it is there would be lost, and a form without it would lose what is in it."""
    jobs = [server.submit(epochs=epochs)["id"] for epochs in (1, 2)]
    compared = server.client.get(f"/compare?jobs={','.join(jobs)}").text
    assert '<button class="button" id="repeat" disabled' in compared
    form = server.client.get("/new").text.partition('<form id="new"')[2].partition("</form>")[0]
    assert form.count("<button") == form.count(" disabled>") == 2


def test_what_is_left_out_of_a_comparison_is_said(
    server: ServerInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [server.submit(epochs=epochs)["id"] for epochs in (1, 2, 3)]
    path = f"/compare?jobs={','.join(jobs)}"
    assert "left out" not in server.client.get(path).text
    monkeypatch.setattr("api.web.compare_page.MOST_GROUPS", 2)
    assert "1 of the jobs is left out" in server.client.get(path).text
    monkeypatch.setattr("api.routes.pages.MOST_COMPARED", 1)
    assert "2 of the jobs are left out" in server.client.get(path).text


def test_jobs_that_cannot_be_read_or_have_lost_their_trials_have_pages(
    server: ServerInProcess,
) -> None:
    gone, strange = server.submit()["id"], server.submit()["id"]
    for job in (gone, strange):
        server.run_a_little(job)
        server.end(job)
    with server.database.write(durable=True) as connection:
        of = tables.jobs.c.id
        spec = '{"dataset": "x", "space": 3, "seed": "q"}'
        connection.execute(update(tables.jobs).where(of == strange).values(spec=spec))
    study = server.client.get(f"/api/v1/jobs/{gone}").json()["study"]
    storage = optuna.storages.RDBStorage(server.database.url)
    optuna.delete_study(study_name=study, storage=storage)
    storage.engine.dispose()
    for path in ("/", f"/jobs/{gone}", f"/jobs/{strange}", f"/compare?jobs={gone},{strange}"):
        answer = server.client.get(path)
        assert answer.status_code == 200, path
    assert "its trials are gone" in server.client.get(f"/jobs/{gone}").text


def test_one_job_and_jobs_of_different_objectives_are_compared_as_far_as_they_can_be(
    server: ServerInProcess, job: str
) -> None:
    assert "There is one job only." in server.client.get(f"/compare?jobs={job}").text
    other = server.submit(objective="loss")["id"]
    text = server.client.get(f"/compare?jobs={job},{other}").text
    assert "different objectives" in text
    assert "Which is better" not in text


def test_pages_need_nothing_from_elsewhere_and_nothing_inline(
    server: ServerInProcess, job: str
) -> None:
    paths = ("/", "/new", "/datasets", f"/jobs/{job}", f"/compare?jobs={job}")
    for path in paths:
        answer = server.client.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["content-security-policy"].startswith("default-src 'self'")
        assert "http://" not in answer.text
        assert "https://" not in answer.text.replace("https://archive.ics.uci.edu", "")
        assert " style=" not in answer.text
        assert not re.search(r"<script(?![^>]* src=)", answer.text)
        for file in re.findall(r'"(/assets/\w+/[\w.]+)"', answer.text):
            found = server.client.get(file)
            assert "immutable" in found.headers["cache-control"]
    for name, content in STATIC.items():
        text = content.decode().replace(NAMESPACE, "").replace(UPLOT_HOME, "")
        assert "http" not in text, name


def test_the_files_are_light() -> None:
    assert sum(len(content) for content in COMPRESSED.values()) <= MOST_BYTES


def test_a_file_is_compressed_for_whoever_takes_that(server: ServerInProcess) -> None:
    path = f"/assets/{VERSION}/uplot.js"
    answer = server.client.get(path, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(COMPRESSED["uplot.js"])
    plain = server.client.get(path, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == answer.content == STATIC["uplot.js"]
    assert plain.headers["vary"] == "Accept-Encoding"


def test_an_asset_that_is_not_there(server: ServerInProcess) -> None:
    assert server.client.get(f"/assets/{VERSION}/page.html").status_code == 404


def test_what_a_page_of_an_earlier_version_imports_is_not_kept(server: ServerInProcess) -> None:
    """A year of a module of the next version among modules of this one would break both."""
    assert "immutable" in server.client.get(f"/assets/{VERSION}/live.js").headers["cache-control"]
    assert server.client.get("/assets/0123/live.js").headers["cache-control"] == "no-cache"
