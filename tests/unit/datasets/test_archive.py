"""Hostile .npz files: each is refused in a sentence, before anything large is unpacked."""

import io
import resource
import struct
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpsearch.datasets import archive
from hpsearch.datasets.understanding import understand_file
from hpsearch.errors import DatasetError
from tests.unit.datasets.hostile_files import (
    good,
    header,
    members,
    npy,
    npy_of,
    objects,
    write_npz,
    write_zip,
    zeros,
)


def read(path: Path) -> dict[str, Any]:
    """The arrays of a file of grey images, as they were written."""
    arrays = dict(understand_file(path, path.name).arrays)
    for name in ("x_train", "x_test"):
        arrays[name] = arrays[name][..., 0]
    return arrays


def refusal(path: Path) -> str:
    with pytest.raises(DatasetError) as caught:
        understand_file(path, path.name)
    message = str(caught.value)
    assert path.name in message
    assert "\n" not in message
    return message


def test_a_sound_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    arrays = good(x_test=np.asfortranarray(good()["x_test"]), y_test=good()["y_test"].astype(">i4"))
    found = read(write_npz(tmp_path / "good.npz", arrays))

    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)


def test_what_numpy_writes_is_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **good())  # type: ignore[arg-type]  # a mapping of arrays
    np.savez_compressed(tmp_path / "b.npz", **good())  # type: ignore[arg-type]  # the same

    for name in ("a.npz", "b.npz"):
        np.testing.assert_array_equal(read(tmp_path / name)["x_train"], good()["x_train"])


@pytest.mark.parametrize(
    ("member", "said"),
    [
        (objects(), "must be a plain array of numbers or text"),
        (npy(np.zeros(3, dtype=[("a", "u1")])), "must be a plain array of numbers or text"),
        (npy(np.zeros(2, complex)), "must be a plain array of numbers or text"),
        (npy(np.zeros(2, "datetime64[s]")), "must be a plain array of numbers or text"),
        (npy_of(header(shape="(1000000, 1000000, 1)")), "1000000000000 bytes, but 0 follow"),
        (npy_of(header("<f8", "(500000000000,)")), "4000000000000 bytes, but 0 follow"),
        (npy_of(header(shape=f"(0, {10**30})")), "is too large"),
        (npy_of(header(shape="(True, 2)"), bytes(2)), "must be a plain array of numbers or text"),
        (npy_of(header(shape="(-1, 2)"), bytes(2)), "must be a plain array of numbers or text"),
        (npy_of(header(shape="(2.5, 2)"), bytes(5)), "must be a plain array of numbers or text"),
        (npy_of(header(shape="2, 2"), bytes(4)), "must be a plain array of numbers or text"),
        (npy_of(header(shape="(" + "9" * 500 + ",)")), "must be a plain array of numbers or text"),
        (npy_of(header(), bytes(3)), "4 bytes, but 3 follow"),
        (npy_of(header(), bytes(5)), "4 bytes, but 5 follow"),
        (npy_of("__import__('os').abort()"), "must be a plain array of numbers or text"),
        (npy_of("(" * 3000), "must be a plain array of numbers or text"),
        (npy_of(header() + "1if 1else 2"), "must be a plain array of numbers or text"),
        (npy_of(header(), bytes(4), length=60_000), "header of 60000 bytes"),
        (npy_of("{'descr': '|u1'}"), "must be a plain array of numbers or text"),
        (b"", "is not a NumPy array"),
        (b"\x93NUMPY", "is not a NumPy array"),
        (b"\x93NUMPY\x09\x00", "is not a NumPy array"),
        (b"\x93NUMPY\x01\x00\x05", "damaged or not a zip file"),
        (b"plain text", "is not a NumPy array"),
    ],
)
def test_a_hostile_array_is_refused(tmp_path: Path, member: bytes, said: str) -> None:
    path = write_zip(tmp_path / "hostile.npz", members(x_train=member))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert said in refusal(path)


@pytest.mark.parametrize("name", ["../x_train.npy", "/etc/passwd.npy", "extra.npy", "a\nb.npy"])
def test_other_members_are_never_unpacked(tmp_path: Path, name: str) -> None:
    path = write_zip(tmp_path / "other.npz", {**members(), name: b"not an array"})

    said = understand_file(path, "other.npz").facts.understood

    assert any("ignored" in sentence and "\n" not in sentence for sentence in said)


def test_a_damaged_lzma_member_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lzma.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        for name, content in members().items():
            archive.writestr(f"{name}.npy", content)
    damaged = bytearray(path.read_bytes())
    damaged[45:60] = bytes(15)  # inside the first member
    path.write_bytes(damaged)

    assert "damaged or not a zip file" in refusal(path)


def test_a_directory_of_very_many_names_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_DIRECTORY", 2**20)
    many = {f"{number:0100}.npy": b"" for number in range(10_000)}

    assert "its zip directory takes 1 MB" in refusal(write_zip(tmp_path / "many.npz", many))


def test_a_missing_member_is_named(tmp_path: Path) -> None:
    arrays = good()
    del arrays["y_test"]

    message = refusal(write_npz(tmp_path / "few.npz", arrays))

    assert "has images of the test part but no labels for them (call them y_test)" in message


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "twice.npz", members())
    with zipfile.ZipFile(path, "a") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of the duplicate, and writes it
        file.writestr("x_train.npy", npy(good()["x_train"]))

    assert "has two members 'x_train.npy'" in refusal(path)


@pytest.mark.parametrize("compressed", [True, False])
def test_a_wrong_checksum_is_refused(tmp_path: Path, compressed: bool) -> None:
    path = write_zip(tmp_path / "crc.npz", members(), compressed)
    content = path.read_bytes()
    with zipfile.ZipFile(path) as file:
        crc = file.getinfo("x_train.npy").CRC
    path.write_bytes(content.replace(struct.pack("<I", crc), struct.pack("<I", crc ^ 1)))

    assert "damaged or not a zip file: Bad CRC-32" in refusal(path)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_file_that_is_cut_short_is_refused(tmp_path: Path, share: float) -> None:
    path = write_zip(tmp_path / "cut.npz", members())
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])

    assert "damaged or not a zip file" in refusal(path)


def test_bytes_turned_anywhere_give_a_refusal_or_the_same_arrays(tmp_path: Path) -> None:
    content = write_zip(tmp_path / "sound.npz", members()).read_bytes()
    path = tmp_path / "turned.npz"
    generator = np.random.default_rng(0)
    refused = 0
    for position in generator.choice(len(content), 300, replace=False):
        turned = bytearray(content)
        turned[position] ^= 1 << int(generator.integers(8))
        path.write_bytes(turned)
        try:
            found = read(path)
        except DatasetError:
            refused += 1
        else:
            for name, array in good().items():
                np.testing.assert_array_equal(found[name], array)
    assert refused > 100


def test_an_encrypted_file_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "locked.npz", members())
    content = bytearray(path.read_bytes())
    start = content.index(b"PK\x01\x02")
    content[start + 8] |= 1
    path.write_bytes(content)

    assert "it is encrypted" in refusal(path)


def test_a_directory_that_lies_about_sizes_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "lies.npz", members(), compressed=False)
    content = bytearray(path.read_bytes())
    start = content.index(b"PK\x01\x02")
    content[start + 24 : start + 28] = struct.pack("<I", 4_000_000_000)
    path.write_bytes(content)

    assert "x_train.npy says that its array is" in refusal(path)


def test_a_small_file_that_unpacks_to_much_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_UNPACKED", 10 * 2**20)
    size = 64 * 2**20
    path = write_zip(tmp_path / "bomb.npz", members(x_train=zeros(f"({size}, 1, 1)", size)))
    assert path.stat().st_size < 100_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    assert "take 0.1 GiB unpacked; the maximum is 0.0 GiB" in refusal(path)

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 * 1024  # kilobytes


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"PK\x05\x06" + bytes(18), b"text" * 99, bytes(99)]
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "none.npz"
    path.write_bytes(content)

    message = refusal(path)

    assert "not a zip file" in message or "has no training images" in message


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    assert "Is a directory" in refusal(tmp_path)
    assert "No such file" in refusal(tmp_path / "missing.npz")


def test_a_plain_npy_file_is_refused(tmp_path: Path) -> None:
    stream = io.BytesIO(npy(good()["x_train"]))
    path = tmp_path / "one.npy"
    path.write_bytes(stream.getvalue())

    assert "not a zip file" in refusal(path)
