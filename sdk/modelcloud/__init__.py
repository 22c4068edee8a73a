"""Turns a model into a service: `setup` loads it, each `command` is an address with typed fields.

import modelcloud

@modelcloud.setup(options={"size": modelcloud.category(choices=["small", "large"])})
def setup(options):
    return load(options["size"])

@modelcloud.command("classify", inputs={"photo": modelcloud.image()},
                    outputs={"label": modelcloud.text()})
def classify(model, inputs):
    return {"label": model.label_of(inputs["photo"])}

if __name__ == "__main__":
    modelcloud.run()
"""

import sys

from modelcloud import compression
from modelcloud.__version__ import __version__
from modelcloud.data_types import (
    BaseType,
    any,
    array,
    boolean,
    category,
    directory,
    file,
    image,
    image_bounding_box,
    image_landmarks,
    image_point,
    number,
    segmentation,
    text,
    vector,
)
from modelcloud.exceptions import RunwayError
from modelcloud.model import RunwayModel

utils = sys.modules[__name__ + ".utils"] = compression  # as existing models import it

_model = RunwayModel()
setup = _model.setup
command = _model.command
run = _model.run

__all__ = [
    "BaseType",
    "RunwayError",
    "RunwayModel",
    "__version__",
    "any",
    "array",
    "boolean",
    "category",
    "command",
    "directory",
    "file",
    "image",
    "image_bounding_box",
    "image_landmarks",
    "image_point",
    "number",
    "run",
    "segmentation",
    "setup",
    "text",
    "vector",
]
