"""The log: one line an event, with its fields."""

import json
import logging
from collections.abc import Iterator

import pytest

from hpsearch.cli.logs import LogFormat, LogLevel, configure


@pytest.fixture(autouse=True)
def root() -> Iterator[None]:
    logger = logging.getLogger()
    before, level = logger.handlers, logger.level
    yield
    logger.handlers, logger.level = before, level


def test_json_lines_carry_the_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure(LogLevel.INFO, LogFormat.JSON)
    log = logging.getLogger("hpsearch.runner")
    log.info("trial %s ended", 7, extra={"job": "abc", "trial": 7})
    log.debug("unseen")
    logging.getLogger("distributed.nanny").info("unseen")
    try:
        raise ValueError("two\nlines")
    except ValueError:
        log.exception("it broke")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["trial 7 ended", "it broke"]
    assert (lines[0]["job"], lines[0]["trial"], lines[0]["level"]) == ("abc", 7, "info")
    assert lines[0]["timestamp"].endswith("Z")
    assert "ValueError" in lines[1]["exception"]


def test_text_is_one_line_an_event(capsys: pytest.CaptureFixture[str]) -> None:
    configure(LogLevel.WARNING, LogFormat.TEXT)
    logging.getLogger("api").warning("two\nlines", extra={"job": "abc"})
    logging.getLogger("api").info("unseen")
    [line] = capsys.readouterr().err.splitlines()
    assert "level=warning" in line
    assert "job=abc" in line
