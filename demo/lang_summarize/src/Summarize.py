import re
from collections import Counter
from math import log

SENTENCE = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[A-Z0-9])")
WORD = re.compile(r"[a-z][a-z'-]+")
STOP_WORDS = frozenset(
    """a about after all also an and any are as at be because been before but by can could did do
    does for from had has have he her him his how if in into is it its just may more most much must
    my no not now of on only or other our out over said same she should so some such than that the
    their them then there these they this those through to too under up was we were what when where
    which while who will with would you your""".split()
)
DAMPING = 0.85
MAX_SENTENCES = 400


def apply(input):
    text, count = (input, 2) if isinstance(input, str) else (input["text"], input.get("sentences", 2))
    sentences = [part.strip() for part in SENTENCE.split(" ".join(text.split())) if part.strip()]
    if not sentences:
        raise ValueError("The text is empty: send some sentences.")
    sentences = sentences[:MAX_SENTENCES]
    words = [content_words(sentence) for sentence in sentences]
    ranks = rank(words)
    best = sorted(range(len(sentences)), key=lambda i: -ranks[i])[: max(1, int(count))]
    return {
        "summary": " ".join(sentences[i] for i in sorted(best)),
        "keywords": [word for word, _ in Counter(w for ws in words for w in ws).most_common(5)],
    }


def content_words(sentence):
    return [word for word in WORD.findall(sentence.lower()) if word not in STOP_WORDS]


def rank(words):
    """TextRank: a sentence is important if important sentences share its words."""
    size = len(words)
    weights = [[similarity(a, b) if a is not b else 0.0 for b in words] for a in words]
    totals = [sum(row) for row in weights]
    ranks = [1.0] * size
    for _ in range(30):
        ranks = [
            (1 - DAMPING)
            + DAMPING * sum(weights[j][i] / totals[j] * ranks[j] for j in range(size) if totals[j])
            for i in range(size)
        ]
    return ranks


def similarity(one, other):
    shared = len(set(one) & set(other))
    return shared / (log(len(one) + 1) + log(len(other) + 1)) if shared else 0.0
