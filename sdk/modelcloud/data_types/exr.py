"""OpenEXR, as little of it as is needed: one part, scan lines, 32-bit floats, no compression."""

import struct

import numpy as np

_MAGIC = struct.pack("<II", 20000630, 2)
_FLOAT = 2


def encoded(pixels):
    """Give the file for an array of height x width (x channels) of bytes, as values 0 to 1."""
    array = np.asarray(pixels)
    array = array[:, :, None] if array.ndim == 2 else array
    values = array.astype("<f4") / 255.0 if array.dtype == np.uint8 else array.astype("<f4")
    height, width, count = values.shape
    names = {1: "Y", 3: "RGB", 4: "RGBA"}[count]
    order = sorted(range(count), key=lambda index: names[index])  # the format wants them so
    channels = b"".join(
        names[index].encode() + b"\0" + struct.pack("<IB3xII", _FLOAT, 0, 1, 1) for index in order
    )
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    header = b"".join(
        [
            _attribute("channels", "chlist", channels + b"\0"),
            _attribute("compression", "compression", b"\0"),
            _attribute("dataWindow", "box2i", window),
            _attribute("displayWindow", "box2i", window),
            _attribute("lineOrder", "lineOrder", b"\0"),
            _attribute("pixelAspectRatio", "float", struct.pack("<f", 1)),
            _attribute("screenWindowCenter", "v2f", struct.pack("<2f", 0, 0)),
            _attribute("screenWindowWidth", "float", struct.pack("<f", 1)),
            b"\0",
        ]
    )
    start = len(_MAGIC) + len(header) + 8 * height
    size = 4 * width * count
    offsets = struct.pack(
        "<{}Q".format(height), *(start + row * (8 + size) for row in range(height))
    )
    lines = [
        struct.pack("<iI", row, size) + b"".join(values[row, :, index].tobytes() for index in order)
        for row in range(height)
    ]
    return b"".join([_MAGIC, header, offsets] + lines)


def _attribute(name, kind, value):
    return name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<I", len(value)) + value
