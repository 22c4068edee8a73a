"""What all types have in common, and how a declaration becomes an instance with a name."""

import copy


class BaseType(object):
    """A type knows how a value looks in JSON and in Python, and describes itself.

    A type with an attribute `default` makes its field optional, even where that is None.
    """

    def __init__(self, data_type, description=None):
        self.type = data_type
        self.name = data_type
        self.description = description

    def serialize(self, value, output_format=None):
        raise NotImplementedError()

    def deserialize(self, value):
        raise NotImplementedError()

    def to_dict(self):
        return {"type": self.type, "name": self.name, "description": self.description}


def named(declared, name=None):
    """Give an instance of its own for a class or an instance that was declared."""
    made = declared() if isinstance(declared, type) else copy.copy(declared)
    if name is not None:
        made.name = name
    return made


def present(**values):
    """Those that are not None."""
    return {name: value for name, value in values.items() if value is not None}
