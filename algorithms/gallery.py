"""Pictures on an algorithm's page: decoded, made smaller and drawn anew, then put in order.

So what is served is pixels that we have written ourselves, whatever the upload held.
"""

from __future__ import annotations

import io
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from algorithms.models import Algorithm, AlgorithmImage
from algorithms.permissions import may_edit
from marketplace.accounts import audit
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import BadInput, TooLarge, TooMany

MOST_IMAGES: Final = 8
MOST_BYTES: Final = 8 * 1024 * 1024
MOST_PIXELS: Final = 40_000_000
DESCRIPTION_LENGTH: Final = 200
FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF")
_LARGE: Final = (1600, 1200)
_SMALL: Final = (480, 300)


def add(algorithm: Algorithm, content: bytes, *, by: Actor, description: str) -> AlgorithmImage:
    """Put a picture behind those that are there; the first one of all is the thumbnail."""
    by.require(may_edit, algorithm)
    words = _described(description)
    large, small = _drawn_anew(content)
    with transaction.atomic():
        Algorithm.objects.select_for_update().get(pk=algorithm.pk)  # one place for each
        number = algorithm.images.count()
        if number >= MOST_IMAGES:
            raise TooMany(
                _("An algorithm has %(most)d pictures at most; remove one first.")
                % {"most": MOST_IMAGES}
            )
        image = AlgorithmImage.objects.create(
            algorithm=algorithm,
            position=number,
            description=words,
            width=large.width,
            height=large.height,
            content=_written(large),
            thumbnail=_written(small),
        )
        audit.record(by, "added a picture", algorithm)
    return image


@transaction.atomic
def move(image: AlgorithmImage, *, by: Actor, forward: bool) -> None:
    """Change places with the picture before (or, with `forward`, after) it."""
    by.require(may_edit, image.algorithm)
    order = list(_locked(image.algorithm))
    place = order.index(image)
    other = place + (1 if forward else -1)
    if 0 <= other < len(order):
        order[place], order[other] = order[other], order[place]
        _number(order)


@transaction.atomic
def describe(image: AlgorithmImage, *, by: Actor, description: str) -> None:
    by.require(may_edit, image.algorithm)
    image.description = _described(description)
    image.save(update_fields=["description"])


@transaction.atomic
def remove(image: AlgorithmImage, *, by: Actor) -> None:
    by.require(may_edit, image.algorithm)
    rest = [other for other in _locked(image.algorithm) if other != image]
    audit.record(by, "removed a picture", image.algorithm)
    image.delete()
    _number(rest)


def _locked(algorithm: Algorithm) -> list[AlgorithmImage]:
    Algorithm.objects.select_for_update().get(pk=algorithm.pk)
    return list(algorithm.images.defer("content", "thumbnail"))


def _number(order: list[AlgorithmImage]) -> None:
    for position, image in enumerate(order):
        image.position = position
    AlgorithmImage.objects.bulk_update(order, ["position"])


def _described(description: str) -> str:
    words = " ".join(description.split())
    if not words or len(words) > DESCRIPTION_LENGTH:
        raise BadInput(
            _("Say in %(most)d characters at most what can be seen, for those who cannot see it.")
            % {"most": DESCRIPTION_LENGTH}
        )
    return words


def _drawn_anew(content: bytes) -> tuple[Image.Image, Image.Image]:
    """The picture as large as it is shown, and as small as on a card."""
    if len(content) > MOST_BYTES:
        raise TooLarge(_("A picture may have 8 MB at most; this one is larger."))
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise TooLarge(_("This picture has too many pixels; make it smaller first."))
            upright = ImageOps.exif_transpose(picture).convert("RGBA")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        raise BadInput(
            _("This is no picture that can be read. Take a JPEG, PNG, WebP or GIF file.")
        ) from None
    large = upright.copy()
    large.thumbnail(_LARGE)
    return large, ImageOps.fit(upright, _SMALL)


def _written(picture: Image.Image) -> bytes:
    made = io.BytesIO()
    picture.save(made, "WEBP", quality=82)
    return made.getvalue()
