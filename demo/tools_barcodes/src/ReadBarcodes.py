import io

import Algorithmia
import zxingcpp
from PIL import Image

MAX_PIXELS = 40_000_000

client = Algorithmia.client()


def apply(input):
    """Takes a picture's bytes, or the address of a picture."""
    if isinstance(input, (bytes, bytearray)):
        content = bytes(input)
    else:
        address = input["image"] if isinstance(input, dict) else input
        content = client.file(address).getBytes()
    picture = Image.open(io.BytesIO(content))
    if picture.width * picture.height > MAX_PIXELS:
        raise ValueError("The picture is too large: 40 megapixels at most.")
    return {"codes": [describe(code) for code in zxingcpp.read_barcodes(picture.convert("L"))]}


def describe(code):
    corners = code.position
    corners = [corners.top_left, corners.top_right, corners.bottom_right, corners.bottom_left]
    return {
        "text": code.text,
        "format": str(code.format).rpartition(".")[2],
        "corners": [[corner.x, corner.y] for corner in corners],
    }
