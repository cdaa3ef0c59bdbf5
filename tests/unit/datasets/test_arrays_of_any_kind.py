"""Whatever arrays there are, they are taken or refused with a sentence; sound data are taken."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from hpsearch.errors import DatasetError
from tests.unit.datasets.hostile_files import Array
from tests.unit.datasets.test_understanding import understood

NUMBERS = npst.scalar_dtypes() | npst.unicode_string_dtypes(max_len=3)
SHAPES = npst.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=6)


@given(
    st.dictionaries(
        st.sampled_from(
            ["x_train", "y_train", "x_test", "y_test", "val_images", "val_labels", "X"]
        ),
        npst.arrays(NUMBERS, SHAPES),
        max_size=6,
    )
)
def test_arrays_of_any_kind_are_taken_or_refused_with_a_sentence(arrays: dict[str, Array]) -> None:
    try:
        found = understood(arrays)
    except DatasetError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome will do
    else:
        assert found.facts.classes >= 2


@st.composite
def data_sets(draw: st.DrawFn) -> dict[str, Array]:
    """Sound data in any of its forms."""
    count, classes = draw(st.integers(15, 30)), draw(st.integers(2, 3))
    generator = np.random.default_rng(draw(st.integers(0, 9)))
    channels: tuple[int, ...] = draw(st.sampled_from([(), (1,), (3,)]))
    pixels: Array = generator.integers(0, 256, (count, 6, 5, *channels), dtype=np.uint8)
    pixels.flat[:2] = 0, 255
    first = draw(st.booleans())
    if channels and first:
        pixels = pixels.transpose(0, 3, 1, 2)
    scale = draw(st.sampled_from(["bytes", "whole", "unit", "normal"]))
    if scale != "bytes":
        factor, shift = {"whole": (1, 0), "unit": (255, 0), "normal": (60, 2)}[scale]
        pixels = (pixels / factor - shift).astype(draw(st.sampled_from(["f4", "f8"])))
    labels: Array = np.arange(count) % classes
    form = draw(st.sampled_from(["plain", "one", "text", "hot", "column", "bytes"]))
    labels = {
        "plain": labels,
        "one": labels + 1,
        "text": np.array(["a", "b", "c"])[labels],
        "hot": np.eye(classes)[labels],
        "column": labels[:, np.newaxis],
        "bytes": np.array([b"a", b"b", b"c"])[labels],
    }[form]
    x, y = draw(
        st.sampled_from([("x", "y"), ("x_train", "y_train"), ("train_images", "train_labels")])
    )
    return {x: pixels, y: labels}


@given(data_sets())
def test_sound_data_in_any_form_are_taken(arrays: dict[str, Array]) -> None:
    found = understood(arrays)
    count = len(next(iter(arrays.values())))

    assert found.facts.shape[1:] == (6, 5)
    assert found.facts.training + found.facts.test == count
    assert min(found.facts.training_counts) >= 1
    np.testing.assert_array_equal(np.unique(found.arrays["y_train"]), range(found.facts.classes))
