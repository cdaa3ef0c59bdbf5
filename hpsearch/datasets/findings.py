"""What is said about a file while it is being understood."""

from collections.abc import Sequence

from hpsearch.errors import DatasetRefused

MAX_NAMED = 10  # files or arrays that one sentence names


class Findings:
    """Plain sentences: `understood` for what was taken and how, `problems` for what cannot be."""

    def __init__(self) -> None:
        self.understood: list[str] = []
        self.problems: list[str] = []

    def note(self, sentence: str) -> None:
        self.understood.append(sentence)

    def problem(self, sentence: str) -> None:
        self.problems.append(sentence)

    def refuse_if_any(self, source: str) -> None:
        """Raises DatasetRefused with all the problems that were found."""
        if self.problems:
            raise DatasetRefused(source, self.problems)


def listed(names: Sequence[str]) -> str:
    """The first few of these, and how many more there are."""
    shown = ", ".join(printable(name) for name in names[:MAX_NAMED])
    left = len(names) - MAX_NAMED
    return f"{shown} and {left:,} more" if left > 0 else shown


def printable(text: str, length: int = 100) -> str:
    """Text from elsewhere on one line, without control characters."""
    clean = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[:length]
    )
    return f"{clean}…" if len(text) > length else clean
