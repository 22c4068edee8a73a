"""Values that JSON knows by itself: anything, lists, truth, choices, numbers, texts, vectors."""

import numpy as np

from modelcloud.data_types.base import BaseType, named, present
from modelcloud.exceptions import InvalidArgumentError, MissingArgumentError


class any(BaseType):
    def __init__(self, description=None):
        BaseType.__init__(self, "any", description)

    def serialize(self, value, output_format=None):
        return value

    def deserialize(self, value):
        return value


class array(BaseType):
    def __init__(self, item_type=None, description=None, min_length=0, max_length=None):
        BaseType.__init__(self, "array", description)
        if item_type is None:
            raise MissingArgumentError("item_type")
        self.item_type = named(item_type)
        self.name = "{}_array".format(self.item_type.type)
        self.item_type.name = "{}_array_item".format(self.item_type.type)
        self.min_length = min_length
        self.max_length = max_length

    def serialize(self, value, output_format=None):
        return [self.item_type.serialize(item) for item in value]

    def deserialize(self, value):
        return [self.item_type.deserialize(item) for item in value]

    def to_dict(self):
        found = BaseType.to_dict(self)
        found["itemType"] = self.item_type.to_dict()
        found.update(present(minLength=self.min_length, maxLength=self.max_length))
        return found


class boolean(BaseType):
    def __init__(self, description=None, default=False):
        BaseType.__init__(self, "boolean", description)
        self.default = default

    def serialize(self, value, output_format=None):
        return self._checked(value)

    def deserialize(self, value):
        return self._checked(value)

    def _checked(self, value):
        if not isinstance(value, bool):
            raise InvalidArgumentError(self.name, "{!r} is not a boolean.".format(value))
        return value

    def to_dict(self):
        found = BaseType.to_dict(self)
        found["default"] = self.default
        return found


class category(BaseType):
    def __init__(self, description=None, choices=None, default=None):
        BaseType.__init__(self, "category", description)
        if not choices:
            raise MissingArgumentError("choices")
        if default is not None and default not in choices:
            raise InvalidArgumentError(
                "default", "{!r} is none of the choices {}.".format(default, list(choices))
            )
        self.choices = list(choices)
        self.default = self.choices[0] if default is None else default

    def serialize(self, value, output_format=None):
        return value

    def deserialize(self, value):
        if value not in self.choices:
            raise InvalidArgumentError(
                self.name, "{!r} is none of the choices {}.".format(value, self.choices)
            )
        return value

    def to_dict(self):
        found = BaseType.to_dict(self)
        found["oneOf"] = self.choices
        found["default"] = self.default
        return found


class number(BaseType):
    """Without a default the first of min, max and 0 that is not zero counts as one."""

    def __init__(self, description=None, default=None, step=None, min=None, max=None):
        BaseType.__init__(self, "number", description)
        self.default = (min or max or 0) if default is None else default
        self.step = step
        self.min = min
        self.max = max

    def serialize(self, value, output_format=None):
        if isinstance(value, (np.generic, np.ndarray)):
            return value.item()
        return value

    def deserialize(self, value):
        return value

    def to_dict(self):
        found = BaseType.to_dict(self)
        found["default"] = self.default
        found.update(present(min=self.min, max=self.max, step=self.step))
        return found


class text(BaseType):
    def __init__(self, description=None, default="", min_length=0, max_length=None):
        BaseType.__init__(self, "text", description)
        self.default = default
        self.min_length = min_length
        self.max_length = max_length

    def serialize(self, value, output_format=None):
        return str(value)

    def deserialize(self, value):
        return value

    def to_dict(self):
        found = BaseType.to_dict(self)
        found["default"] = self.default
        found.update(present(minLength=self.min_length, maxLength=self.max_length))
        return found


class vector(BaseType):
    """A fixed number of numbers. Its length is the platform's to hold: items of lists may differ."""

    def __init__(
        self, length=None, description=None, default=None, sampling_mean=0, sampling_std=1
    ):
        BaseType.__init__(self, "vector", description)
        if length is None and default is None:
            raise MissingArgumentError("length")
        if length is not None and default is not None and len(default) != length:
            raise InvalidArgumentError(
                "default", "it has {} numbers, and length is {}.".format(len(default), length)
            )
        self.length = len(default) if length is None else length
        self.default = default
        self.sampling_mean = sampling_mean
        self.sampling_std = sampling_std

    def serialize(self, value, output_format=None):
        return np.asarray(value).tolist() if isinstance(value, list) else value.tolist()

    def deserialize(self, value):
        return np.array(value)

    def to_dict(self):
        found = BaseType.to_dict(self)
        found["length"] = self.length
        found["samplingMean"] = self.sampling_mean
        found["samplingStd"] = self.sampling_std
        default = self.default
        if default is not None:
            found["default"] = default.tolist() if hasattr(default, "tolist") else list(default)
        return found
