"""Places in an image, as shares of its width and height."""

import numpy as np

from modelcloud.data_types.base import BaseType
from modelcloud.exceptions import InvalidArgumentError, MissingArgumentError


def _plain(value):
    """Lists of Python's own numbers."""
    return np.asarray(value).tolist()


class image_point(BaseType):
    def __init__(self, description=None):
        BaseType.__init__(self, "image_point", description)

    def serialize(self, value, output_format=None):
        return self._checked(_plain(value))

    def deserialize(self, value):
        return self._checked(value)

    def _checked(self, value):
        if not isinstance(value, list) or len(value) != 2:
            raise InvalidArgumentError(self.name, "A point has the form [x, y].")
        return value


class image_bounding_box(BaseType):
    def __init__(self, description=None):
        BaseType.__init__(self, "image_bounding_box", description)

    def serialize(self, value, output_format=None):
        return self._checked(_plain(value))

    def deserialize(self, value):
        return self._checked(value)

    def _checked(self, value):
        if not isinstance(value, list) or len(value) != 4:
            raise InvalidArgumentError(self.name, "A box has the form [left, top, right, bottom].")
        left, top, right, bottom = value
        if not (left < right and top < bottom):
            raise InvalidArgumentError(
                self.name, "In a box left is less than right, and top less than bottom."
            )
        return value


class image_landmarks(BaseType):
    def __init__(self, length=None, description=None, labels=None, connections=None):
        BaseType.__init__(self, "image_landmarks", description)
        if length is None:
            raise MissingArgumentError("length")
        if length <= 0:
            raise InvalidArgumentError("length", "it must be greater than 0.")
        if labels is not None and len(labels) != length:
            raise InvalidArgumentError(
                "labels", "there are {} for {} landmarks.".format(len(labels), length)
            )
        for pair in connections or ():
            if labels is None or len(pair) != 2 or not set(pair) <= set(labels):
                raise InvalidArgumentError("connections", "each is a pair of labels.")
        self.length = length
        self.labels = labels
        self.connections = connections

    def serialize(self, value, output_format=None):
        return self._checked(_plain(value))

    def deserialize(self, value):
        return self._checked(value)

    def _checked(self, value):
        is_list = isinstance(value, list) and len(value) == self.length
        if not is_list or not all(
            isinstance(one, (list, tuple)) and len(one) == 2 for one in value
        ):
            raise InvalidArgumentError(
                self.name, "It is a list of {} points [x, y].".format(self.length)
            )
        return value

    def to_dict(self):
        found = BaseType.to_dict(self)
        found["length"] = self.length
        if self.labels:
            found["labels"] = self.labels
        if self.connections:
            found["connections"] = self.connections
        return found
