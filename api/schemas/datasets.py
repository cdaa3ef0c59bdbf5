"""The catalogue of data sets."""

from typing import Literal

from pydantic import Field

from api.schemas.base import Answer


class FetchingAnswer(Answer):
    """How far the download or the upload of a data set is."""

    state: Literal["receiving", "downloading", "checking", "done", "failed"]
    done: int
    """Bytes, or images that were checked."""
    total: int
    """Bytes, or images."""
    problem: str | None
    """Why it failed, and what to do."""


class DatasetAnswer(Answer):
    name: str
    classes: int | None
    shape: list[int] | None
    """Channels, height and width of an image."""
    training: int | None
    """Training images."""
    test: int | None
    """Test images; the search never reads them."""
    pixels: Literal["bytes", "floats"] | None
    """What a pixel is: a byte of 0 to 255, or a float."""
    class_names: list[str] = Field(default_factory=list)
    """Empty if classes are only numbered."""
    training_counts: list[int] = Field(default_factory=list)
    """Training images of each class."""
    test_counts: list[int] = Field(default_factory=list)
    """Test images of each class."""
    understood: list[str] = Field(default_factory=list)
    """How the file was understood when it was added, in sentences."""
    source: str
    owner: str | None
    """Who uploaded it; null for what was added on the server's machine."""
    sha256: str | None
    file_bytes: int | None
    available: bool
    how: str | None
    """How to get it, if it is not available."""
    fetching: FetchingAnswer | None
    """Its upload, or its download, if one was begun and has not been completed."""


class DatasetList(Answer):
    items: list[DatasetAnswer]
