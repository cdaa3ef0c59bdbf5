"""A drawing as a PNG file, with Pillow."""

import io
import math
from collections.abc import Iterator
from itertools import pairwise

from PIL import Image, ImageDraw

from hpsearch.drawing.fonts import font_for, has
from hpsearch.drawing.shapes import Anchor, Circle, Drawing, Polyline, Rectangle, Shape, Text

SCALE = 2
"""Pixels of the file for one of the drawing, along each side."""
SMOOTH = 2
"""How much larger it is drawn, as Pillow's lines have hard edges."""
USUAL_SIZE = 12.0
ANCHORS = {Anchor.START: "ls", Anchor.MIDDLE: "ms", Anchor.END: "rs"}

Point = tuple[float, float]


def to_png(picture: Drawing) -> bytes:
    """The file, SCALE times as many pixels wide and high as the drawing; the same every time."""
    factor = SCALE * SMOOTH
    size = (round(picture.width * factor), round(picture.height * factor))
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    for shape in picture.shapes:
        _draw(image, pen, shape, factor)
    small = image.resize((size[0] // SMOOTH, size[1] // SMOOTH), Image.Resampling.BOX)
    file = io.BytesIO()
    small.save(file, "PNG", optimize=True)
    return file.getvalue()


def unwritable(picture: Drawing) -> str:
    """The letters of its texts, each once, that no font of this machine has."""
    texts = {shape.text for shape in picture.shapes if isinstance(shape, Text)}
    fonts = {text: font_for(text, USUAL_SIZE) for text in texts}
    return "".join(sorted({each for text in texts for each in text if not has(fonts[text], each)}))


def _draw(image: Image.Image, pen: ImageDraw.ImageDraw, shape: Shape, factor: int) -> None:
    match shape:
        case Polyline():
            points = [(x * factor, y * factor) for x, y in shape.points]
            width = max(1, round(shape.width * factor))
            dash = None if shape.dash is None else [each * factor for each in shape.dash]
            for piece in [points] if dash is None else _dashes(points, *dash):
                pen.line(piece, shape.colour, width, joint="curve")
        case Circle():
            x, y, radius = (factor * each for each in (shape.x, shape.y, shape.radius))
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), shape.colour)
        case Rectangle():
            left, top = shape.x * factor, shape.y * factor
            right, bottom = left + shape.width * factor, top + shape.height * factor
            pen.rectangle((left, top, right, bottom), shape.fill, shape.stroke, factor)
        case Text():
            _write(image, pen, shape, factor)


def _write(image: Image.Image, pen: ImageDraw.ImageDraw, shape: Text, factor: int) -> None:
    font, anchor = font_for(shape.text, shape.size * factor), ANCHORS[shape.anchor]
    x, y = shape.x * factor, shape.y * factor
    if not shape.upward:
        pen.text((x, y), shape.text, shape.colour, font, anchor)
        return
    width, height = math.ceil(font.getlength(shape.text)), math.ceil(2 * shape.size * factor)
    mask = Image.new("L", (width, height))
    ImageDraw.Draw(mask).text((0, height / 2), shape.text, 255, font, "ls")
    turned = mask.transpose(Image.Transpose.ROTATE_90)
    above = {Anchor.START: width, Anchor.MIDDLE: width / 2, Anchor.END: 0}[shape.anchor]
    image.paste(shape.colour, (round(x - height / 2), round(y - above)), turned)


def _dashes(points: list[Point], stroke: float, gap: float) -> Iterator[list[Point]]:
    """The strokes along a line, which go on across its corners."""
    walked = 0.0
    for (x, y), (to_x, to_y) in pairwise(points):
        length = math.hypot(to_x - x, to_y - y)
        first = -(walked % (stroke + gap))
        count = math.ceil((length - first) / (stroke + gap))
        for number in range(count):
            begin = first + number * (stroke + gap)
            low, high = max(begin, 0.0), min(begin + stroke, length)
            if low < high:
                yield [
                    (x + (to_x - x) * part / length, y + (to_y - y) * part / length)
                    for part in (low, high)
                ]
        walked += length
