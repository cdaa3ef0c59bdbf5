"""The audit log: whole lines, the newest first, in a bounded number of bytes."""

import threading
from pathlib import Path

from hpsearch.audit_log import FILE, KEPT, AuditLog


def test_the_newest_comes_first(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    assert log.latest(5) == []
    for number in range(3):
        log.write("ann", f"POST /{number}", status=201)
    found = log.latest(2)
    assert [line["what"] for line in found] == ["POST /2", "POST /1"]
    assert found[0]["who"] == "ann"
    assert found[0]["status"] == 201
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_it_is_put_aside_when_it_is_full_and_the_oldest_goes(tmp_path: Path) -> None:
    log = AuditLog(tmp_path, max_bytes=1)
    for number in range(KEPT + 5):
        log.write("ann", f"{number}")
    assert len(list(tmp_path.glob(f"{FILE}*"))) == KEPT + 2  # the lock, too
    assert [line["what"] for line in log.latest(100)] == [
        str(number) for number in range(KEPT + 4, 3, -1)
    ]


def test_nobody_writes_a_line_of_their_own_into_it(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.write("ann", "POST /a\n{} \u2028 x", made="y" * 10_000)
    assert len((tmp_path / FILE).read_text().splitlines()) == 1
    assert len(log.latest(9)[0]["made"]) == 500


def test_a_line_that_was_cut_short_hides_no_other(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.write("ann", "1")
    with (tmp_path / FILE).open("a") as file:
        file.write('{"at": \n')
    log.write("ann", "2")
    assert [line.get("what") for line in log.latest(9)] == ["2", None, "1"]


def test_lines_of_many_at_once_do_not_mix(tmp_path: Path) -> None:
    def write(name: str) -> None:
        for _ in range(50):
            AuditLog(tmp_path, max_bytes=2000).write(name, "x" * 100)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(line["what"] == "x" * 100 for line in AuditLog(tmp_path).latest(200))
