"""Fonts for text in pictures: the one that comes with Pillow, or one of this machine.

Pillow's has Latin letters. A text in other letters is written in the first font of this machine
that has them all.
"""

from functools import cache

from PIL import ImageFont

OTHER_FONTS = (
    *("NotoSansCJK-Regular.ttc", "NotoSansCJKjp-Regular.otf", "NotoSansJP-Regular.otf"),
    *("ipag.ttf", "TakaoPGothic.ttf", "DroidSansFallbackFull.ttf", "wqy-zenhei.ttc"),
    *("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial Unicode.ttf"),
)
"""Fonts that are looked for by name, where the machine keeps its fonts."""
NO_LETTER = "\uffff"
"""A character that no font has: what it shows instead is known from this one."""


def font_for(text: str, size: float) -> ImageFont.FreeTypeFont:
    """The first font that has all letters of a text, at a size in pixels; Pillow's if none has."""
    own = _own_font(size)
    if text.isascii() or has(own, text):
        return own
    others = (font for name in OTHER_FONTS if (font := _other_font(name, size)) is not None)
    return next((font for font in others if has(font, text)), own)


def has(font: ImageFont.FreeTypeFont, text: str) -> bool:
    """Whether none of the letters would be shown as missing."""
    missing = bytes(font.getmask(NO_LETTER))
    return all(bytes(font.getmask(letter)) != missing for letter in set(text) - {" "})


@cache
def _other_font(name: str, size: float) -> ImageFont.FreeTypeFont | None:
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


@cache
def _own_font(size: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("this Pillow was built without FreeType, which every wheel has")
    return font
