"""The name under which older models know `modelcloud`: the same objects, nothing of its own."""

import sys

import modelcloud
from modelcloud import *  # noqa: F403
from modelcloud import __version__ as _version
from modelcloud import data_types, exceptions, model, utils

__version__ = _version
for _name in ("__version__", "data_types", "exceptions", "model", "utils"):
    sys.modules["runway." + _name] = sys.modules["modelcloud." + _name]
    if _name != "__version__":
        setattr(sys.modules["runway"], _name, sys.modules["modelcloud." + _name])
__all__ = modelcloud.__all__
