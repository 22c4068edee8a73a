from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

analyzer = SentimentIntensityAnalyzer()


def apply(input):
    if isinstance(input, list):
        return [score(text) for text in input]
    return score(input)


def score(text):
    if not isinstance(text, str):
        raise ValueError("Send a text, or a list of texts.")
    scores = analyzer.polarity_scores(text)
    compound = scores["compound"]
    label = "positive" if compound >= 0.05 else "negative" if compound <= -0.05 else "neutral"
    return {"sentiment": label, **scores}
