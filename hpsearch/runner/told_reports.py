"""What workers tell of their legs by Dask's events, before Dask says that a leg was trained."""

from collections.abc import Sequence


class ToldReports:
    """Answers of workers by the key of the leg, as they came. Safe to use from several threads.

    `hear` is called in Dask's event loop, so nothing here waits.
    """

    def __init__(self) -> None:
        self._answers: dict[str, object] = {}

    def expect(self, key: str) -> None:
        """Keep what is told of this leg; of one that nobody expects it is not kept."""
        self._answers[key] = None

    def hear(self, event: Sequence[object]) -> None:
        """An event: when it came, and what a worker says."""
        match event:
            case [_, {"leg": str(key), "report": answer}] if key in self._answers:
                self._answers[key] = answer

    def of(self, key: str) -> object:
        """What was told last; None if nothing was."""
        return self._answers.get(key)

    def forget(self, key: str) -> None:
        self._answers.pop(key, None)
