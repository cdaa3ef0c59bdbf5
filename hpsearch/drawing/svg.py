"""A drawing as an SVG file."""

from html import escape

from hpsearch.drawing.pictures import path_of
from hpsearch.drawing.shapes import Anchor, Circle, Drawing, Polyline, Rectangle, Shape, Text

FONT = "system-ui, 'DejaVu Sans', Arial, sans-serif"


def to_svg(picture: Drawing) -> str:
    """The whole file; its title is read aloud in place of the picture."""
    title = _text(picture.title)
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {picture.width:g} '
            f'{picture.height:g}" width="{picture.width:g}" height="{picture.height:g}" '
            f'role="img" aria-label="{title}" font-family="{FONT}">',
            f"<title>{title}</title>",
            *(_element(shape) for shape in picture.shapes),
            "</svg>\n",
        )
    )


def _element(shape: Shape) -> str:
    match shape:
        case Polyline():
            dash = "" if shape.dash is None else ' stroke-dasharray="{:g} {:g}"'.format(*shape.dash)
            return (
                f'<path d="{path_of(shape.points)}" fill="none" stroke="{shape.colour}" '
                f'stroke-width="{shape.width:g}" stroke-linejoin="round"{dash}/>'
            )
        case Circle():
            place = f'cx="{shape.x:g}" cy="{shape.y:g}" r="{shape.radius:g}"'
            return f'<circle {place} fill="{shape.colour}"/>'
        case Rectangle():
            place = f'x="{shape.x:g}" y="{shape.y:g}"'
            size = f'width="{shape.width:g}" height="{shape.height:g}"'
            stroke = "" if shape.stroke is None else f' stroke="{shape.stroke}"'
            return f'<rect {place} {size} fill="{shape.fill or "none"}"{stroke}/>'
        case Text():
            return _words(shape)


def _words(shape: Text) -> str:
    place = f'x="{shape.x:g}" y="{shape.y:g}" font-size="{shape.size:g}" fill="{shape.colour}"'
    anchor = "" if shape.anchor is Anchor.START else f' text-anchor="{shape.anchor}"'
    turn = f' transform="rotate(-90 {shape.x:g} {shape.y:g})"' if shape.upward else ""
    return f"<text {place}{anchor}{turn}>{_text(shape.text)}</text>"


def _text(text: str) -> str:
    """Escaped, without the control characters that no XML file may hold."""
    kept = (letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    return escape("".join(kept))
