import Algorithmia
from magika import Magika

client = Algorithmia.client()
magika = Magika()


def apply(input):
    """Takes a file's bytes, or the address of a file."""
    if isinstance(input, (bytes, bytearray)):
        content = bytes(input)
    else:
        address = input["file"] if isinstance(input, dict) else input
        content = client.file(address).getBytes()
    found = magika.identify_bytes(content)
    return {
        "type": found.output.label,
        "description": found.output.description,
        "mime_type": found.output.mime_type,
        "group": found.output.group,
        "is_text": found.output.is_text,
        "probability": round(float(found.score), 4),
    }
