"""Data folders of any name: the database lies where it was said, and nothing anywhere else."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from api.dashboard_app import reading_storage
from api.settings import Settings
from hpsearch.errors import InvalidSettings
from storage.database import Database

NAMES = st.text(
    st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1, max_size=40
).filter(lambda name: name not in (".", ".."))


@settings(max_examples=20)
@given(NAMES)
@example("C#proj")
@example("50%25 off")
@example("a b")
@example("проект")
@example("what?mode=memory")
@example("{SCHEMA_VERSION}{")
@example("file:x")
@example(" ")
def test_the_database_lies_where_it_was_said(sqlite_template: Path, name: str) -> None:
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / name
        folder.mkdir()
        shutil.copy(sqlite_template, folder / "hpsearch.db")
        url = Settings(data_dir=folder).url

        database = Database(url)
        with database.write(durable=False):
            pass
        assert database.check()["problems"] == []
        assert reading_storage(url).get_all_studies() == []
        database.close()

        assert [entry.name for entry in Path(root).iterdir()] == [name]
        assert {entry.name.partition(".")[0] for entry in folder.iterdir()} == {"hpsearch"}


def test_a_name_that_is_not_utf_8_is_refused_in_a_line() -> None:
    with pytest.raises(InvalidSettings, match="is not UTF-8: rename the folder"):
        _ = Settings(data_dir=Path("/tmp/\udcff")).url  # noqa: S108 - nothing is made there
