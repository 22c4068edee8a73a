"""Images and segmentations: PIL or numpy in Python, data URIs in JSON."""

import base64
import binascii
import io
import re

import numpy as np
from PIL import Image

from modelcloud.data_types import exr
from modelcloud.data_types.base import BaseType, present
from modelcloud.exceptions import InvalidArgumentError, MissingArgumentError

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_FORMATS = {"PNG": "png", "JPEG": "jpeg", "JPG": "jpeg", "WEBP": "webp", "EXR": "exr"}
_PREFIX = re.compile(r"data:[^,]*,")


def _opened(value, name):
    """Give the PIL image in a data URI or in bare base64."""
    if not isinstance(value, str):
        raise InvalidArgumentError(name, "It is an image as a data URI.")
    try:
        content = base64.b64decode(_PREFIX.sub("", value, count=1))
        image = Image.open(io.BytesIO(content))
        image.load()
        return image
    except (binascii.Error, ValueError, OSError, Image.DecompressionBombError) as error:
        raise InvalidArgumentError(name, "It is no image that can be read: {}.".format(error))


def _pil(value, name):
    """Give a PIL image for what an author returned."""
    if isinstance(value, Image.Image):
        return value
    if isinstance(value, np.ndarray):
        pixels = value[:, :, 0] if value.ndim == 3 and value.shape[2] == 1 else value
        return Image.fromarray(pixels.astype(np.uint8))
    raise InvalidArgumentError(name, "It is a PIL image or a numpy array.")


def _uri(image, mode, output_format, name):
    word = _FORMATS.get(str(output_format).upper())
    if word is None:
        known = ", ".join(sorted(set(_FORMATS) - {"JPG"}))
        raise InvalidArgumentError(name, "Images can be {}.".format(known))
    image = image if image.mode == mode else image.convert(mode)
    if word == "exr":
        content = exr.encoded(np.asarray(image))
    else:
        if word == "jpeg" and image.mode == "RGBA":
            image = image.convert("RGB")
        buffer = io.BytesIO()
        image.save(buffer, format=word.upper())
        content = buffer.getvalue()
    return "data:image/{};base64,{}".format(word, base64.b64encode(content).decode("ascii"))


class _Sized(BaseType):
    def __init__(self, data_type, description, **sizes):
        BaseType.__init__(self, data_type, description)
        for name, value in sizes.items():
            setattr(self, name, value)

    def _sizes(self):
        return present(
            minWidth=self.min_width,
            maxWidth=self.max_width,
            minHeight=self.min_height,
            maxHeight=self.max_height,
            width=self.width,
            height=self.height,
        )


class image(_Sized):
    def __init__(
        self,
        description=None,
        channels=3,
        min_width=None,
        min_height=None,
        max_width=None,
        max_height=None,
        width=None,
        height=None,
        default_output_format=None,
    ):
        _Sized.__init__(
            self,
            "image",
            description,
            min_width=min_width,
            min_height=min_height,
            max_width=max_width,
            max_height=max_height,
            width=width,
            height=height,
        )
        if channels not in _MODES:
            raise InvalidArgumentError("channels", "It is 1, 3 or 4.")
        if default_output_format not in (None, "JPEG", "PNG"):
            raise InvalidArgumentError("default_output_format", "It is JPEG or PNG.")
        self.channels = channels
        usual = "JPEG" if channels == 3 else "PNG"
        self.default_output_format = default_output_format or usual

    def serialize(self, value, output_format=None):
        wanted = output_format or self.default_output_format
        return _uri(_pil(value, self.name), _MODES[self.channels], wanted, self.name)

    def deserialize(self, value):
        return _opened(value, self.name).convert(_MODES[self.channels])

    def to_dict(self):
        found = BaseType.to_dict(self)
        found["channels"] = self.channels
        found["defaultOutputFormat"] = self.default_output_format
        found.update(self._sizes())
        return found


class segmentation(_Sized):
    """A map of labels: in Python an image of label ids, in JSON painted with their colours."""

    def __init__(
        self,
        label_to_id=None,
        description=None,
        label_to_color=None,
        default_label=None,
        min_width=None,
        min_height=None,
        max_width=None,
        max_height=None,
        width=None,
        height=None,
    ):
        _Sized.__init__(
            self,
            "segmentation",
            description,
            min_width=min_width,
            min_height=min_height,
            max_width=max_width,
            max_height=max_height,
            width=width,
            height=height,
        )
        if label_to_id is None:
            raise MissingArgumentError("label_to_id")
        if not isinstance(label_to_id, dict) or not label_to_id:
            raise InvalidArgumentError("label_to_id", "It has at least one label.")
        for label, number in label_to_id.items():
            if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= 255:
                raise InvalidArgumentError("label_to_id", "The id of {} is 0 to 255.".format(label))
        if default_label is not None and default_label not in label_to_id:
            raise InvalidArgumentError("default_label", "{} is no label.".format(default_label))
        self.label_to_id = label_to_id
        self.label_to_color = _coloured(label_to_id, label_to_color or {})
        self.default_label = default_label or next(iter(label_to_id))

    def serialize(self, value, output_format=None):
        found = _pil(value, self.name)
        if found.mode == "L":
            ids = np.asarray(found)
            table = np.zeros((256, 3), dtype=np.uint8)
            for label, number in self.label_to_id.items():
                table[number] = self.label_to_color[label]
            found = Image.fromarray(table[ids])
        return _uri(found, found.mode if found.mode in ("RGB", "RGBA") else "RGB", "PNG", self.name)

    def deserialize(self, value):
        found = _opened(value, self.name)
        if found.mode == "L":
            return found
        pixels = np.asarray(found.convert("RGB")).astype(np.int32)
        labels = list(self.label_to_id)
        nearest = np.zeros(pixels.shape[:2], dtype=np.uint8)
        least = np.full(pixels.shape[:2], np.iinfo(np.int32).max, dtype=np.int32)
        for label in labels:
            distance = ((pixels - np.array(self.label_to_color[label])) ** 2).sum(axis=2)
            is_nearer = distance < least
            least[is_nearer] = distance[is_nearer]
            nearest[is_nearer] = self.label_to_id[label]
        return Image.fromarray(nearest)

    def to_dict(self):
        found = BaseType.to_dict(self)
        found["labels"] = list(self.label_to_id)
        found["defaultLabel"] = self.default_label
        found["labelToId"] = self.label_to_id
        found["labelToColor"] = self.label_to_color
        found.update(self._sizes())
        return found


def _coloured(label_to_id, given):
    """Each label's colour as [r, g, b]; those not given come from a palette by their id."""
    found = {label: list(given[label]) for label in label_to_id if label in given}
    missing = [label for label in label_to_id if label not in given]
    if missing:
        from colorcet import glasbey_bw  # takes long, and most models have no segmentation

        for label in missing:
            colour = glasbey_bw[label_to_id[label] % len(glasbey_bw)]
            found[label] = [int(part * 255) for part in colour]
    return {label: found[label] for label in label_to_id}
