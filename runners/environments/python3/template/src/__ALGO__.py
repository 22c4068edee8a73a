import Algorithmia

# The client speaks as whoever calls this algorithm: no key is needed here.
client = Algorithmia.client()

# What stands at this level runs once, when a sandbox starts: load your model here.


def apply(input):
    """Answer one call. `input` is what the caller sent: text, bytes, or any JSON value."""
    return "Hello {}".format(input)
