"""A job's version as an entity tag, in both directions."""

import pytest

from api.entity_tags import entity_tag, names_version, versions_meant


def test_a_tag_names_its_version_and_no_other() -> None:
    tag = entity_tag(7)

    assert versions_meant(tag) == frozenset({7})
    assert names_version(tag, 7)
    assert not names_version(tag, 8)


def test_of_several_tags_any_will_do() -> None:
    header = f'"other", W/{entity_tag(3)} , {entity_tag(4)}'

    assert names_version(header, 3)
    assert names_version(header, 4)
    assert versions_meant(header) == frozenset({4})  # a weak tag is not enough to change something


@pytest.mark.parametrize("header", ["*", None])
def test_any_version_is_meant(header: str | None) -> None:
    assert versions_meant(header) is None


@pytest.mark.parametrize(
    "header", ['"7"', "7", '"-"', '"x-0.1.0"', '"٣-0.1.0"', '""', ",", f'"{"9" * 400}-1"']
)
def test_what_is_not_a_tag_of_ours_means_none(header: str) -> None:
    assert versions_meant(header) == frozenset()
    assert not names_version(header, 7)
