"""Uploaded pictures, drawn anew: what is served is pixels that we have written ourselves."""

from __future__ import annotations

import io
from typing import Final

from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from marketplace.lib.errors import BadInput, TooLarge

MOST_PIXELS: Final = 40_000_000
FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF")
_UNREADABLE: Final = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    OSError,
    SyntaxError,
    ValueError,
)


def redrawn(content: bytes, *, side: int, is_square: bool) -> bytes:
    """Decode, turn as the camera was held, make no larger than `side`, and write it as WebP.

    Raises BadInput for what is no picture, TooLarge for one with too many pixels.
    """
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise TooLarge(_("This picture has too many pixels; make it smaller first."))
            drawn = ImageOps.exif_transpose(picture).convert("RGBA")
    except _UNREADABLE:
        raise BadInput(
            _("This is no picture that can be read. Take a JPEG, PNG, WebP or GIF file.")
        ) from None
    if is_square:
        drawn = ImageOps.fit(drawn, (side, side))
    else:
        drawn.thumbnail((side, side))
    made = io.BytesIO()
    drawn.save(made, "WEBP", quality=85)
    return made.getvalue()
