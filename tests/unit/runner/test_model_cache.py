"""Models on the disk: those used last stay, and what is damaged is trained again."""

import os
from pathlib import Path

from hpsearch.runner.model_cache import Made, ModelCache

MADE = Made(b"x" * 1000, None, {"numpy": "2"})


def test_gives_back_what_was_put(tmp_path: Path) -> None:
    cache = ModelCache(tmp_path / "models")
    different = Made(b"line\nline", "weights a, on record is b", {"blas": "one"})
    assert cache.get("a") is None
    cache.put("a", different)
    assert cache.get("a") == different
    assert (tmp_path / "models").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "models" / "a.model").stat().st_mode & 0o777 == 0o600


def test_the_ones_used_last_stay(tmp_path: Path) -> None:
    cache = ModelCache(tmp_path, limit=3600)
    for age, key in enumerate("abc"):
        cache.put(key, MADE)
        os.utime(tmp_path / f"{key}.model", (age, age))
    assert cache.get("a") == MADE  # so it is the last
    cache.put("d", MADE)
    assert [cache.get(key) is not None for key in "abcd"] == [True, False, True, True]


def test_damage(tmp_path: Path) -> None:
    cache = ModelCache(tmp_path)
    cache.put("a", MADE)
    file = tmp_path / "a.model"
    file.write_bytes(file.read_bytes()[:-1] + b"y")
    assert cache.get("a") is None
    assert not file.exists()
    for content in (b"", b"[]\n", b"not json\n", b"{}"):
        file.write_bytes(content)
        assert cache.get("a") is None


def test_a_folder_that_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    ModelCache(tmp_path / "models").put("a", MADE)


def test_what_a_kill_left(tmp_path: Path) -> None:
    (tmp_path / "x.draft").write_bytes(b"half")
    ModelCache(tmp_path).sweep()
    assert list(tmp_path.iterdir()) == []
