"""The types of options, inputs and outputs. A class or an instance may be given wherever one is."""

from modelcloud.data_types.base import BaseType
from modelcloud.data_types.files import directory, file
from modelcloud.data_types.pictures import image, segmentation
from modelcloud.data_types.places import image_bounding_box, image_landmarks, image_point
from modelcloud.data_types.plain import any, array, boolean, category, number, text, vector

__all__ = [
    "BaseType",
    "any",
    "array",
    "boolean",
    "category",
    "directory",
    "file",
    "image",
    "image_bounding_box",
    "image_landmarks",
    "image_point",
    "number",
    "segmentation",
    "text",
    "vector",
]
