"""What was measured in a network, drawn with Pillow: labelled pictures on white, as PNG."""

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from hpsearch.datasets.values import Images
from hpsearch.drawing.fonts import font_for
from hpsearch.inside.measures import Counts, Histogram, Mistake
from hpsearch.nn.arrays import FloatArray

Pixels = npt.NDArray[np.uint8]

INK, SOFT, LINE = (23, 32, 42), (91, 104, 117), (206, 213, 220)
BLUE, ORANGE = (33, 102, 172), (216, 110, 24)  # told apart by colour-blind people, too
GAP = 6  # pixels
TILE = 44  # pixels, about, of the smaller pictures
LINE_HEIGHT = 18
CELL = 40  # of the confusion matrix
PANEL = (150, 90)  # of a histogram

SIZE = 11  # of names, which may be in any script
FONT, SMALL = font_for("", 13), font_for("", SIZE)


def png(picture: Image.Image) -> bytes:
    """The file of a picture."""
    content = io.BytesIO()
    picture.save(content, "PNG", optimize=True)
    return content.getvalue()


def signed_tiles(weights: FloatArray) -> list[Image.Image]:
    """Weights (count, C, h, w) as tiles: orange above 0, blue below; in colour where C is 3."""
    if weights.shape[1] == 3:
        low = weights.min(axis=(1, 2, 3), keepdims=True)
        span = np.maximum(weights.max(axis=(1, 2, 3), keepdims=True) - low, 1e-12)
        return [_tile(_bytes(each)) for each in (weights - low) / span]
    mean = weights.mean(axis=1)
    largest = max(float(np.abs(mean).max()), 1e-12)
    return [_tile(_diverging(each / largest)) for each in mean]


def grey_tiles(maps: FloatArray) -> list[Image.Image]:
    """Maps (count, H, W), each from black, its lowest, to white, its highest."""
    low = maps.min(axis=(1, 2), keepdims=True)
    span = np.maximum(maps.max(axis=(1, 2), keepdims=True) - low, 1e-12)
    return [_tile(_bytes(each[None])) for each in (maps - low) / span]


def image_tile(image: Images) -> Image.Image:
    """An image (C, H, W) of a data set: uint8, or float32 0 to 1."""
    pixels = _bytes(image.astype(np.float32) / (255 if image.dtype == np.uint8 else 1))
    return _tile(pixels[:3] if len(pixels) >= 3 else pixels[:1])


def side_by_side(titles: Sequence[str], groups: Sequence[Sequence[Image.Image]]) -> Image.Image:
    """Groups of tiles below their titles, next to each other."""
    drawn = [_grid(group, columns=min(8, len(group))) for group in groups]
    widths = [
        max(each.width, round(FONT.getlength(title)))
        for title, each in zip(titles, drawn, strict=True)
    ]
    sheet = _sheet(
        sum(widths) + 4 * GAP * (len(drawn) - 1), LINE_HEIGHT + max(each.height for each in drawn)
    )
    pen, left = ImageDraw.Draw(sheet), GAP
    for title, width, each in zip(titles, widths, drawn, strict=True):
        pen.text((left, GAP), title, INK, FONT)
        sheet.paste(each, (left, GAP + LINE_HEIGHT))
        left += width + 4 * GAP
    return sheet


def mistakes_sheet(mistakes: Sequence[Mistake], names: Sequence[str]) -> Image.Image:
    """Each image with its class, the answer, and how sure the network was of it."""
    tiles = []
    for each in mistakes:
        picture = image_tile(each.image)
        words = f"{names[each.label]} as {names[each.answer]}"
        sure = f"{each.probability:.0%} sure"
        font = font_for(words, SIZE)
        widths = round(font.getlength(words)), round(SMALL.getlength(sure))
        width = max(picture.width, *widths)
        tile = Image.new("RGB", (width, picture.height + 2 * 15), "white")
        tile.paste(picture, (0, 0))
        pen = ImageDraw.Draw(tile)
        pen.text((0, picture.height), words, INK, font)
        pen.text((0, picture.height + 14), sure, SOFT, SMALL)
        tiles.append(tile)
    return _framed(_grid(tiles, columns=min(8, len(tiles))))


def confusion_sheet(confusion: Counts, names: Sequence[str]) -> Image.Image:
    """Rows: the true class; columns: the answer. A cell is as dark as its share of the row."""
    fonts = [font_for(name, SIZE) for name in names]
    label = max(round(font.getlength(name)) for font, name in zip(fonts, names, strict=True)) + GAP
    count = len(confusion)
    sheet = _sheet(LINE_HEIGHT + label + CELL * count, 2 * LINE_HEIGHT + CELL * count + LINE_HEIGHT)
    pen = ImageDraw.Draw(sheet)
    left, top = GAP + label + LINE_HEIGHT, GAP + 2 * LINE_HEIGHT
    pen.text((left, GAP), "answer; rows: the true class", SOFT, SMALL)
    for place, (name, font) in enumerate(zip(names, fonts, strict=True)):
        middle = place * CELL + CELL // 2
        pen.text((left + middle, top - 4), name[:7], INK, font, anchor="ms")
        pen.text((left - GAP, top + middle), name, INK, font, anchor="rm")
    for row, column in np.ndindex(confusion.shape):
        share = int(confusion[row, column]) / max(1, int(confusion[row].sum()))
        start = (left + column * CELL, top + row * CELL)
        box = (*start, start[0] + CELL - 1, start[1] + CELL - 1)
        colour = BLUE if row == column else ORANGE
        pen.rectangle(box, _mixed(colour, share**0.5), LINE)
        if confusion[row, column]:
            ink = "white" if share > 0.5 else INK
            centre = (start[0] + CELL // 2, start[1] + CELL // 2)
            pen.text(centre, str(confusion[row, column]), ink, SMALL, anchor="mm")
    return sheet


def histograms_sheet(titles: Sequence[str], rows: Sequence[Sequence[Histogram]]) -> Image.Image:
    """A row of histograms below each title, one for each layer."""
    width, height = PANEL
    most = max(len(row) for row in rows)
    row_height = height + 3 * LINE_HEIGHT
    sheet = _sheet(most * (width + 3 * GAP), len(rows) * (row_height + LINE_HEIGHT))
    pen, top = ImageDraw.Draw(sheet), GAP
    for title, row in zip(titles, rows, strict=True):
        pen.text((GAP, top), title, INK, FONT)
        for place, each in enumerate(row):
            _histogram(pen, each, GAP + place * (width + 3 * GAP), top + LINE_HEIGHT)
        top += row_height + LINE_HEIGHT
    return sheet


def _histogram(pen: ImageDraw.ImageDraw, found: Histogram, left: int, top: int) -> None:
    width, height = PANEL
    pen.text((left, top), found.layer, SOFT, SMALL)
    top += LINE_HEIGHT
    pen.rectangle((left, top, left + width, top + height), None, LINE)
    highest, bar = max(1, int(found.counts.max())), width / len(found.counts)
    for place, count in enumerate(found.counts):
        high = round((height - 2) * int(count) / highest)
        if high:
            box = (left + round(place * bar) + 1, top + height - high)
            pen.rectangle((*box, left + round((place + 1) * bar) - 1, top + height), BLUE)
    pen.text((left, top + height + 2), f"{found.low:.3g}", SOFT, SMALL)
    pen.text((left + width, top + height + 2), f"{found.high:.3g}", SOFT, SMALL, anchor="ra")


def _tile(pixels: Pixels) -> Image.Image:
    """Pixels (1 or 3, h, w), each as a square of whole pixels."""
    bands = pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)
    picture = Image.fromarray(np.ascontiguousarray(bands)).convert("RGB")
    times = max(1, round(TILE / max(picture.size)))
    if max(picture.size) > 2 * TILE:
        picture.thumbnail((2 * TILE, 2 * TILE))
        return picture
    return picture.resize((picture.width * times, picture.height * times), Image.Resampling.NEAREST)


def _bytes(values: FloatArray) -> Pixels:
    """Values from 0 to 1 as bytes."""
    return np.rint(255 * np.clip(values, 0, 1)).astype(np.uint8)


def _diverging(values: FloatArray) -> Pixels:
    """Values (h, w) from -1 to 1 as pixels (3, h, w): blue, white, orange."""
    ends = np.where(values[..., None] < 0, np.array(BLUE), np.array(ORANGE))
    share = np.abs(values)[..., None]
    return (255 + (ends - 255) * share).astype(np.uint8).transpose(2, 0, 1)


def _mixed(colour: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    red, green, blue = (round(255 + (each - 255) * share) for each in colour)
    return red, green, blue


def _grid(tiles: Sequence[Image.Image], columns: int) -> Image.Image:
    width = max(each.width for each in tiles) + GAP
    height = max(each.height for each in tiles) + GAP
    rows = -(-len(tiles) // columns)
    sheet = Image.new("RGB", (columns * width, rows * height), "white")
    for place, each in enumerate(tiles):
        sheet.paste(each, (place % columns * width, place // columns * height))
    return sheet


def _framed(picture: Image.Image) -> Image.Image:
    sheet = _sheet(picture.width, picture.height)
    sheet.paste(picture, (GAP, GAP))
    return sheet


def _sheet(width: int, height: int) -> Image.Image:
    return Image.new("RGB", (width + 2 * GAP, height + 2 * GAP), "white")
