"""The catalogue of data sets."""

from api.schemas.base import Answer


class DatasetAnswer(Answer):
    name: str
    classes: int | None
    shape: list[int] | None
    """Channels, height and width of an image."""
    training: int | None
    """Training images."""
    test: int | None
    """Test images; the search never reads them."""
    source: str
    sha256: str | None
    available: bool
    how: str | None
    """How to get it, where it is not available."""


class DatasetList(Answer):
    items: list[DatasetAnswer]
