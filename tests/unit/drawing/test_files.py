"""Drawings as SVG and PNG files."""

import io
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from PIL import Image

from hpsearch.drawing import fonts
from hpsearch.drawing.png import SCALE, to_png, unwritable
from hpsearch.drawing.shapes import (
    Anchor,
    Circle,
    Drawing,
    Polyline,
    Rectangle,
    Shape,
    Text,
    drawing,
)
from hpsearch.drawing.svg import to_svg

BLUE = "#0072b2"
AS_NUMBERS = (0, 0x72, 0xB2)


def _image(*shapes: Shape) -> Image.Image:
    return Image.open(io.BytesIO(to_png(drawing(100, 50, "a title", shapes))))


def _dark(image: Image.Image) -> tuple[int, int, int, int]:
    """The box of what is not white, in units of the drawing."""
    found = image.convert("L").point(lambda value: 255 if value < 200 else 0).getbbox()
    assert found is not None
    left, top, right, bottom = (round(edge / SCALE) for edge in found)
    return left, top, right, bottom


def test_an_svg_file_says_what_it_shows() -> None:
    shapes = (
        Polyline(((1, 2), (3, 4.5)), BLUE, 2, (4, 2)),
        Circle(5, 6, 7, BLUE),
        Rectangle(1, 1, 2, 2, None, BLUE),
        Text(9, 9, "a < b & \x1b[0m", anchor=Anchor.END, upward=True),
    )
    root = ElementTree.fromstring(to_svg(drawing(100, 50, 'loss "of" <x>', shapes)))  # noqa: S314 - ours
    assert root.get("aria-label") == root[0].text == 'loss "of" <x>'
    kinds = [element.tag.rpartition("}")[2] for element in root]
    assert kinds == ["title", "rect", "path", "circle", "rect", "text"]
    assert root[2].get("d") == "M1 2L3 4.5"
    assert root[2].get("stroke-dasharray") == "4 2"
    assert root[5].text == "a < b & �[0m"
    assert root[5].get("transform") == "rotate(-90 9 9)"


def test_a_png_file_is_the_drawing_enlarged() -> None:
    image = _image(Rectangle(10, 10, 30, 20, BLUE), Circle(80, 25, 10, BLUE))
    assert image.size == (100 * SCALE, 50 * SCALE)
    assert image.getpixel((25 * SCALE, 20 * SCALE)) == AS_NUMBERS
    assert image.getpixel((80 * SCALE, 25 * SCALE)) == AS_NUMBERS
    assert image.getpixel((60 * SCALE, 25 * SCALE)) == (255, 255, 255)


def test_the_same_drawing_gives_the_same_bytes() -> None:
    shown = Drawing(40, 20, "", (Text(2, 15, "again"),))
    assert to_png(shown) == to_png(shown)


def test_letters_that_the_own_font_lacks_come_from_another(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Drawing(40, 20, "", (Text(2, 15, "Жук"),))
    monkeypatch.setattr(fonts, "OTHER_FONTS", ())
    assert unwritable(shown) == "Жку"
    boxes = to_png(shown)
    other = Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    monkeypatch.setattr(fonts, "OTHER_FONTS", ("no-such-font.ttf", str(other)))
    assert unwritable(shown) == ""
    assert to_png(shown) != boxes
    assert unwritable(Drawing(40, 20, "", (Text(2, 15, "a \ue000"),))) == "\ue000"


@pytest.mark.parametrize(
    ("anchor", "least", "most"),
    [(Anchor.START, 50, 90), (Anchor.MIDDLE, 30, 70), (Anchor.END, 10, 51)],
)
def test_text_stands_at_its_anchor(anchor: Anchor, least: int, most: int) -> None:
    left, top, right, bottom = _dark(_image(Text(50, 30, "HHHHH", 10, anchor)))
    assert least <= left < right <= most
    assert 20 <= top < bottom <= 31


def test_text_that_goes_upward() -> None:
    left, top, right, bottom = _dark(_image(Text(50, 25, "HHHH", 10, Anchor.MIDDLE, upward=True)))
    assert 40 <= left < right <= 51
    assert (top + bottom) / 2 == pytest.approx(25, abs=1)
    assert bottom - top > right - left


def test_a_dashed_line_has_gaps_across_its_corners() -> None:
    points = tuple((x, 25.0) for x in range(0, 101, 7))
    image = _image(Polyline(points, BLUE, 4, (10, 10)))
    for middle in (5, 25, 45, 65, 85):
        assert image.getpixel((middle * SCALE, 25 * SCALE)) == AS_NUMBERS
        assert image.getpixel(((middle + 10) * SCALE, 25 * SCALE)) == (255, 255, 255)
