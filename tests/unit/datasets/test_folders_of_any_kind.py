"""Whatever folders and images there are, they are taken or refused with a sentence."""

import os
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpsearch.errors import DatasetError
from tests.unit.datasets.image_folders import classes, picture
from tests.unit.datasets.test_folders import taken

NAMES = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20
).filter(lambda name: name not in (".", "..") and len(name.encode()) < 200)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(NAMES, min_size=2, max_size=3, unique=True))
def test_folders_of_any_name_are_taken_or_refused_with_a_sentence(
    tmp_path: Path, names: list[str]
) -> None:
    root = tmp_path / os.urandom(8).hex()
    classes(root, tuple(names), size=(2, 2))
    try:
        facts, _ = taken(root)
    except DatasetError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome will do
        assert any(name.startswith(".") for name in names) or "encoding" in str(error)  # noqa: PT017
    else:
        assert facts.classes == len([name for name in names if not name.startswith(".")])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.integers(0, 10**6), st.integers(1, 8))
def test_damaged_images_are_taken_or_refused_with_a_sentence(
    tmp_path: Path, seed: int, bits: int
) -> None:
    root = tmp_path / os.urandom(8).hex()
    classes(root)
    generator = np.random.default_rng(seed)
    path = root / "cat" / ("1.png" if seed % 2 else "photo.jpg")
    picture(1).save(path)
    content = bytearray(path.read_bytes())
    for _ in range(bits):
        content[int(generator.integers(len(content)))] ^= 1 << int(generator.integers(8))
    path.write_bytes(content)
    try:
        taken(root)
    except DatasetError as error:
        assert path.name in str(error) or "sizes" in str(error)  # noqa: PT017 - either will do
