import Algorithmia

client = Algorithmia.client()


def apply(input):
    """Three algorithms in a row: each is called as anybody would call it."""
    codes = call("tools/ReadBarcodes", input)["codes"]
    return {"texts": [understand(code["text"]) for code in codes]}


def understand(text):
    return {
        "text": text,
        "language": call("lang/DetectLanguage", text)["language"],
        "sentiment": call("lang/Sentiment", text)["sentiment"],
    }


def call(algorithm, input):
    return client.algo(algorithm).pipe(input).result
