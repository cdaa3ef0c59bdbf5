"""The documentation as a site, from the Markdown of the project alone. Run by `make site`.

The pages are gathered in one folder, where links that leave docs/ find what they name; then
Zensical builds them as mkdocs.yml says. A link that leads nowhere is an error: Zensical looks at
those to pages and headings, `dangling` at pictures, files and the navigation.
"""

import html.parser
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from harness.service import ROOT

PAGES = ROOT / "build" / "pages"
SITE = ROOT / "build" / "site"
BESIDE = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "kubernetes.yaml")
"""What docs/ links to in the project's own folder."""


def main() -> None:
    gather(ROOT, PAGES)
    build(ROOT)
    broken = dangling(SITE)
    if broken:
        sys.exit("\n".join(["these links lead nowhere:", *broken]))


def gather(root: Path, pages: Path) -> None:
    """Copy what the site is made of into `pages`, which is made anew; links are rewritten."""
    shutil.rmtree(pages, ignore_errors=True)
    shutil.copytree(root / "docs", pages)
    shutil.copytree(root / "examples", pages / "examples")
    for page in pages.rglob("*.md"):
        depth = len(page.relative_to(pages).parts)
        rewrite(page, "../" * depth, "../" * (depth - 1))
    for name in BESIDE:
        copy = pages / ("index.md" if name == "README.md" else name)
        shutil.copy(root / name, copy)
        if copy.suffix == ".md":
            rewrite(copy, "docs/", "")
    (pages / "decisions" / "index.md").write_text(decisions(pages / "decisions"))


def rewrite(page: Path, old: str, new: str) -> None:
    """Let the links of a page that begin with `old` begin with `new`."""
    text = page.read_text()
    page.write_text(re.sub(rf"(\]\(|src=\")(?:\./)?{re.escape(old)}", rf"\g<1>{new}", text))


def decisions(folder: Path) -> str:
    """A page that lists all decisions by their titles."""
    pages = sorted(page for page in folder.glob("*.md") if page.name != "index.md")
    titles = [page.read_text().splitlines()[0].removeprefix("# ") for page in pages]
    lines = [f"- [{title}]({page.name})" for title, page in zip(titles, pages, strict=True)]
    return "\n".join(["# Decisions", "", *lines, ""])


def build(root: Path) -> None:
    """Build what mkdocs.yml in `root` describes; raises CalledProcessError for any warning."""
    zensical = Path(sys.executable).with_name("zensical")
    subprocess.run([zensical, "build", "--strict", "--clean"], cwd=root, check=True)


def dangling(site: Path) -> list[str]:
    """The links between files of a built site that lead nowhere, each with its page."""
    broken = []
    for page in sorted(site.rglob("*.html")):
        found = _Links()
        found.feed(page.read_text())
        for link in dict.fromkeys(found.links):
            parts = urlsplit(link)
            target = page.parent / unquote(parts.path)
            here = not (parts.scheme or parts.netloc or link.startswith("/"))
            if here and parts.path and not leads(target):
                broken.append(f"{page.relative_to(site)}: {link}")
    return broken


def leads(target: Path) -> bool:
    """Whether a file, or a folder with a page of its own, is there."""
    return target.is_file() or (target / "index.html").is_file()


class _Links(html.parser.HTMLParser):
    """Collects what a page links to or shows."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, _: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value for name, value in attrs if name in ("href", "src") and value]


if __name__ == "__main__":
    main()
