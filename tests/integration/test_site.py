"""The site is built strictly: every link, picture and entry of the navigation leads somewhere."""

import shutil
import subprocess
from pathlib import Path

import pytest

from harness.service import ROOT
from harness.site import build, dangling, gather

PARTS = ("docs", "examples", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what the site is made of, to build and to break."""
    for name in (*PARTS, "kubernetes.yaml", "mkdocs.yml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    return tmp_path


def _built(project: Path) -> list[str]:
    gather(project, project / "build" / "pages")
    build(project)
    return dangling(project / "build" / "site")


def _say(project: Path, page: str, words: str) -> None:
    with (project / page).open("a") as file:
        file.write(f"\n{words}\n")


def test_nothing_leads_nowhere(project: Path) -> None:
    assert _built(project) == []
    built = {page.name for page in (project / "build" / "site").rglob("*.html")}
    assert {"index.html", "tutorial.html", "book.ja.html", "spec.html"} <= built


@pytest.mark.parametrize("link", ["[a page](nowhere.md)", "[a heading](search.md#nowhere)"])
def test_a_link_to_no_page_breaks_the_build(project: Path, link: str) -> None:
    _say(project, "docs/faq.md", link)
    with pytest.raises(subprocess.CalledProcessError):
        _built(project)


def test_a_missing_picture_or_page_of_the_navigation_is_named(project: Path) -> None:
    _say(project, "docs/faq.md", "![a picture](images/nowhere.svg)")
    _say(project, "mkdocs.yml", "  - Nowhere: nowhere.md")
    broken = _built(project)
    assert "faq.html: images/nowhere.svg" in broken
    assert any(link.startswith("glossary.html: ") and "nowhere" in link for link in broken)
