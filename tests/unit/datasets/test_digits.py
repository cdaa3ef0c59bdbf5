"""The data set that is always there."""

import hashlib

import numpy as np

from hpsearch.datasets.digits import FILE, SHA256, digits


def test_the_images_and_their_order_are_those_of_every_version() -> None:
    """As they were when the file was still read out of scikit-learn: results depend on each bit."""
    found = hashlib.sha256()
    for part in (digits().training, digits().test):
        found.update(part.images.tobytes())
        found.update(part.labels.tobytes())

    assert digits().training.images.shape == (1438, 1, 8, 8)
    assert digits().training.images.dtype == np.uint8
    assert found.hexdigest() == "165acf850e52e30f848526e38cae123b18d8429e2f454ea96f8498f8d22e5891"


def test_the_file_is_the_published_one_and_its_license_lies_beside_it() -> None:
    assert hashlib.sha256(FILE.read_bytes()).hexdigest() == SHA256
    license_text = FILE.with_name("digits.LICENSE").read_text(encoding="utf-8")
    assert "BSD 3-Clause License" in license_text
    assert "Alpaydin" in license_text
