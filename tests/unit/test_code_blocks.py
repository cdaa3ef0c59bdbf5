"""What the documents show is what the command line and the spec reader take."""

import json
import re
from pathlib import Path

import pytest

from hpsearch.spec.network import NetworkSettings
from hpsearch.spec.submission import parse_submission
from tests.documents import all_blocks, put_in
from tests.shell_words import commands, problem_of

ROOT = Path(__file__).parents[2]
PAGES = [
    page.relative_to(ROOT).as_posix()
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))
    if page.name not in ("CHANGELOG.md", "commands.md")  # the latter is written from the commands
]


@pytest.mark.parametrize("page", PAGES)
def test_commands_are_those_of_our_command_line(page: str) -> None:
    for block in all_blocks((ROOT / page).read_text()):
        if block.language == "sh":
            for command in commands(block.text):
                if command[0] == "hpsearch":
                    assert problem_of(command[1:]) is None, (block.line, command)


@pytest.mark.parametrize("page", PAGES)
def test_json_blocks_are_specs_or_networks(page: str) -> None:
    for block in all_blocks((ROOT / page).read_text()):
        if block.language == "json":
            found = json.loads(block.text)
            if "dataset" in found:
                parse_submission(found)
            else:
                NetworkSettings.model_validate(found)


@pytest.mark.parametrize("page", PAGES)
def test_python_blocks_compile(page: str) -> None:
    for block in all_blocks((ROOT / page).read_text()):
        if block.language == "python":
            compile(block.text, f"{page}, line {block.line}", "exec")


def test_a_wrong_command_is_seen() -> None:
    wrong = ("jobs --limitt 3", "bes JOB", "show", "audit job.zip more", "datasets ad mine x.npz")
    assert [words for words in wrong if problem_of(re.split(" ", words)) is None] == []


def test_a_word_that_a_page_sets_as_a_variable_is_not_replaced_any_more() -> None:
    words = {"JOB": "4ewr", "ID": "4ewr"}
    assert put_in("hpsearch best JOB", words) == "hpsearch best 4ewr"
    assert put_in("JOB=$(hpsearch clone ID)", words) == "JOB=$(hpsearch clone 4ewr)"
    assert put_in('print(os.environ["JOB"])', words) == 'print(os.environ["JOB"])'
