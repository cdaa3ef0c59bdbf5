"""Files that somebody could upload to do harm, or by mistake: each must be refused."""

import io
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from PIL import Image

Array = np.ndarray[Any, Any]


def arrays(count: int = 60, classes: int = 3) -> dict[str, Array]:
    """A small data set that is fine."""
    random = np.random.default_rng(1)
    images = random.integers(0, 256, (count, 12, 12), dtype=np.uint8)
    return {"x": images, "y": np.arange(count) % classes}


def npz(content: Mapping[str, Any], compressed: bool = False) -> bytes:
    out = io.BytesIO()
    save: Callable[..., None] = np.savez_compressed if compressed else np.savez
    save(out, **content)
    return out.getvalue()


def npy(header: str, body: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    text = header.encode("latin-1") + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text + body


def zipped(
    members: Mapping[str, bytes], method: int = zipfile.ZIP_STORED, attributes: int = 0
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            info.external_attr = attributes
            archive.writestr(info, content)
    return out.getvalue()


def png(width: int = 12, height: int = 12, shade: int = 0) -> bytes:
    out = io.BytesIO()
    Image.new("L", (width, height), shade).save(out, "PNG")
    return out.getvalue()


def folders(extra: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """Class-named folders that are fine, and what else is to be in them."""
    good = {
        f"{label}/{number}.png": png(shade=number * 3 + ord(label))
        for label in "abc"
        for number in range(20)
    }
    return {**good, **(extra or {})}


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png_that_claims(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")
    )


def _animated() -> bytes:
    out = io.BytesIO()
    frames = [Image.new("L", (12, 12), shade) for shade in (0, 99)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()


def _patched(content: bytes, signature: bytes, offset: int, value: bytes) -> bytes:
    """Bytes of every header that begins with the signature, changed."""
    found = bytearray(content)
    place = found.find(signature)
    while place >= 0:
        found[place + offset : place + offset + len(value)] = value
        place = found.find(signature, place + 4)
    return bytes(found)


LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"


def _header(shape: str, kind: str = "'|u1'") -> str:
    return f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}"


def _shapes() -> Iterator[tuple[str, bytes]]:
    labels = npz({"y": np.arange(60) % 3})
    with zipfile.ZipFile(io.BytesIO(labels)) as archive:
        y = archive.read("y.npy")
    claims = {
        "a shape of 10^12": _header("(60, 1000000, 1000000)"),
        "a shape below 0": _header("(60, -12, -12)"),
        "a shape beyond 64 bits": _header("(99999999999999999999, 1, 1)"),
        "an array of objects": _header("(60, 12, 12)", "'|O'"),
        "records": _header("(60, 12, 12)", "[('a', '|u1')]"),
        "text": _header("(60, 12, 12)", "'<U5'"),
        "dates": _header("(60, 12, 12)", "'<M8[s]'"),
        "code": "__import__('os').system('true')",
        "nesting": "(" * 5000 + ")" * 5000,
        "no header": "",
        "another dictionary": "{'descr': '|u1'}",
        "an unhashable key": "{[]: 1}",
        "a type of 2^40 bytes": _header("(1,)", "'|V1099511627776'"),
        "no dimension": _header("()"),
        "70 dimensions": _header(str((1,) * 70)),
        "too few bytes": _header("(60, 12, 13)"),
    }
    for label, header in claims.items():
        body = bytes(60 * 12 * 12)
        yield f"npy with {label}", zipped({"x.npy": npy(header, body), "y.npy": y})
    yield "npy of version 9", zipped({"x.npy": npy("{}", version=b"\x09\x00"), "y.npy": y})
    yield "npy that is none", zipped({"x.npy": b"hello", "y.npy": y})


def _values() -> Iterator[tuple[str, bytes]]:
    good = arrays()
    nan = good["x"].astype(np.float32)
    nan[3] = np.nan
    for label, changed in {
        "only one class": {"y": np.zeros(60, int)},
        "labels below 0": {"y": np.arange(60) - 1},
        "too few labels": {"y": good["y"][:50]},
        "labels of 2^62": {"y": np.full(60, 2**62)},
        "labels of objects": {"y": np.array([{}, None] * 30, dtype=object)},
        "labels that are fractions": {"y": np.linspace(0, 1, 60)},
        "images without numbers": {"x": nan},
        "images that are infinite": {"x": np.full((60, 12, 12), np.inf)},
        "images that are complex": {"x": good["x"].astype(np.complex64)},
        "images of objects": {"x": np.array([[None]] * 60, dtype=object)},
        "images of 5 dimensions": {"x": good["x"].reshape(60, 1, 12, 12, 1)},
        "no images": {"x": good["x"][:0], "y": good["y"][:0]},
    }.items():
        yield label, npz({**good, **changed})
    yield "no labels", npz({"x": good["x"]})
    yield "strange names", npz({"one": good["x"], "two": good["y"]})
    yield "101 members", npz({f"a{number}": good["y"] for number in range(101)})


def _archives() -> Iterator[tuple[str, bytes]]:
    good = npz(arrays())
    packed = npz(arrays(), compressed=True)
    for part in range(1, 20):
        yield f"npz cut at {part}/20", good[: len(good) * part // 20]
    images = zipped(folders(), zipfile.ZIP_DEFLATED)
    for part in range(1, 10):
        yield f"zip of images cut at {part}/10", images[: len(images) * part // 10]
    yield "an encrypted member", _patched(_patched(good, LOCAL, 6, b"\1\0"), CENTRAL, 8, b"\1\0")
    yield "an unknown method", _patched(_patched(good, LOCAL, 8, b"\x63\0"), CENTRAL, 10, b"\x63\0")
    yield "a size of 1 in its directory", _patched(packed, CENTRAL, 24, struct.pack("<I", 1))
    yield "a size of 4 GB in its directory", _patched(packed, CENTRAL, 24, b"\xfe\xff\xff\xff")
    yield "a wrong checksum", _patched(packed, CENTRAL, 16, b"\1\2\3\4")
    yield "members beyond the end", _patched(good, CENTRAL, 42, b"\xff\xff\xff\x7f")
    lzma = bytearray(zipped({"x.npy": bytes(5000), "y.npy": bytes(5000)}, zipfile.ZIP_LZMA))
    lzma[40:60] = bytes(20)
    yield "damaged LZMA", bytes(lzma)
    bzip = bytearray(zipped({"x.npy": bytes(5000), "y.npy": bytes(5000)}, zipfile.ZIP_BZIP2))
    bzip[45:55] = bytes(10)
    yield "damaged bzip2", bytes(bzip)
    inner = zipped({"x.npy": bytes(10_000_000)}, zipfile.ZIP_DEFLATED)
    yield "a zip in a zip", zipped({"a/1.zip": inner, "b/1.zip": inner})
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(2):
            archive.writestr("x.npy", b"1")
    yield "duplicate members", out.getvalue()
    yield "an empty zip", zipped({})


def _paths() -> Iterator[tuple[str, bytes]]:
    for name in (
        "../a.png",
        "a/../../b.png",
        "/etc/a.png",
        "a/b/c/d/e/f/g.png",
        "a\\..\\..\\b.png",
        "C:/a.png",
        "a/" + "x" * 5000 + ".png",
        "/".join("a" * 2000) + ".png",
    ):
        yield f"only images at {name[:20]!r}", zipped({name: png(), "z/" + name: png()})
    link = zipped({"a/1.png": b"/etc/passwd", "b/1.png": b"../../x"}, attributes=0o120777 << 16)
    yield "links", link
    device = zipped({"a/1.png": b"", "b/1.png": b""}, attributes=0o060777 << 16)
    yield "devices", device


def _images() -> Iterator[tuple[str, bytes]]:
    for label, content in {
        "60,000 × 60,000 pixels": _png_that_claims(60_000, 60_000),
        "no pixel": _png_that_claims(0, 0),
        "2^31 pixels in a row": _png_that_claims(2**31 - 1, 1),
        "half of an image": png()[:40],
        "an image without its end": png(200, 200)[:-20],
        "text": b"hello",
        "nothing": b"",
        "an animation": _animated(),
        "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='/etc/passwd'/></svg>",
        "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage",
        "a damaged JPEG": b"\xff\xd8\xff\xe0" + bytes(100),
    }.items():
        yield f"{label} as the only images", zipped({"a/1.png": content, "b/1.png": content})
        yield f"{label} among images", zipped(folders({"a/bad.png": content}))


def _others() -> Iterator[tuple[str, bytes]]:
    yield "nothing", b""
    yield "text", b"hello, world\n" * 100
    yield "HTML", b"<html><script>alert(1)</script></html>"
    yield "an image", png()
    yield "gzip", b"\x1f\x8b\x08" + bytes(100)
    yield "tar", b"a.png".ljust(257, b"\0") + b"ustar" + bytes(300)
    yield "a program", b"\x7fELF" + bytes(200)
    yield "a pickle", b"\x80\x04\x95cposix\nsystem\n(S'true'\ntR."
    yield "zeros", bytes(100_000)
    yield "the end of a zip alone", b"PK\x05\x06" + bytes(18)
    yield "the end of a zip that claims 65,535 members", b"PK\x05\x06" + b"\xff" * 18


def large_uploads() -> Mapping[str, Callable[[], bytes]]:
    """Those that take a while to make."""
    size, packed = 300_000_000, zipfile.ZIP_DEFLATED
    return {
        "300 MB of zeros": lambda: zipped({"x.npy": bytes(size), "y.npy": b""}, packed),
        "a bomb among images": lambda: zipped({"a/1.png": bytes(size), "b/1.png": b""}, packed),
        "32,000 folders in a name": lambda: zipped(
            {top + "a/" * 32_000 + "1.png": png() for top in ("a/", "b/")}
        ),
        "200,000 names": lambda: zipped({f"a/{n}.txt": b"" for n in range(200_000)}),
    }


def hostile_uploads() -> Iterator[tuple[str, bytes]]:
    """Labels and files."""
    for make in (_shapes, _values, _archives, _paths, _images, _others):
        yield from make()
