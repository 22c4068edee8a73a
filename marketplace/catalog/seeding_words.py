"""What made-up algorithms are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from marketplace.catalog import kinds


@dataclass(frozen=True)
class Subject:
    """One shelf: things, what is done to them (as a name and as a sentence), and how."""

    objects: tuple[str, ...]
    doings: tuple[tuple[str, str], ...]
    takes: str
    answers: tuple[str, ...]
    weight: int = 4
    gpu: float = 0.05
    online: float = 0.05


LANGUAGES: Final = {
    "python3": 62,
    "javascript": 14,
    "java": 8,
    "rust": 6,
    "r": 5,
    "scala": 3,
    "ruby": 2,
}
MANNERS: Final = (
    "",
    "",
    "",
    "Fast",
    "Careful",
    "Tiny",
    "Multilingual",
    "Robust",
    "Classic",
    "Modern",
)
TAILS: Final = (
    "in one pass",
    "with a score for each",
    "the way the paper does",
    "without any training",
    "and says how sure it is",
    "in milliseconds",
    "for whole folders",
    "as a plain list",
    "with few false alarms",
    "and explains its answer",
)
_TELL: Final = (("Classifier", "Sorts"), ("Detector", "Finds"), ("Scorer", "Scores"))
_TAKE: Final = (("Extractor", "Extracts"), ("Reader", "Reads"), ("Parser", "Parses"))
_MAKE: Final = (("Cleaner", "Cleans"), ("Converter", "Converts"), ("Summarizer", "Summarizes"))

SUBJECTS: Final[Mapping[str, Subject]] = {
    "text": Subject(
        ("language", "sentiment", "toxicity", "keyword", "entity", "headline", "dialect", "poem"),
        (*_TELL, *_MAKE, ("Translator", "Translates")),
        kinds.TEXT,
        (kinds.TEXT, kinds.FIELDS),
        weight=14,
    ),
    "vision": Subject(
        ("face", "digit", "plate", "logo", "barcode", "pose", "depth", "colour", "scene", "plant"),
        (*_TELL, ("Segmenter", "Outlines"), ("Upscaler", "Enlarges")),
        kinds.IMAGE,
        (kinds.IMAGE, kinds.FIELDS, kinds.LIST),
        weight=14,
        gpu=0.4,
    ),
    "video": Subject(
        ("shot", "action", "subtitle", "highlight", "crowd"),
        (*_TELL, ("Tracker", "Follows")),
        kinds.FILE,
        (kinds.LIST, kinds.FILE),
        gpu=0.5,
    ),
    "audio": Subject(
        ("speech", "speaker", "chord", "birdsong", "noise", "tempo", "accent"),
        (*_TELL, ("Transcriber", "Writes down")),
        kinds.AUDIO,
        (kinds.TEXT, kinds.LIST),
        weight=6,
        gpu=0.3,
    ),
    "documents": Subject(
        ("invoice", "receipt", "contract", "table", "form", "passport", "signature"),
        _TAKE,
        kinds.FILE,
        (kinds.FIELDS, kinds.TEXT),
        weight=7,
    ),
    "tabular": Subject(
        ("churn", "outlier", "credit", "demand", "duplicate", "segment"),
        (*_TELL, ("Predictor", "Predicts")),
        kinds.LIST,
        (kinds.NUMBER, kinds.LIST),
        weight=8,
    ),
    "time-series": Subject(
        ("sales", "load", "traffic", "anomaly", "season", "sensor"),
        (("Forecaster", "Forecasts"), ("Smoother", "Smooths"), ("Detector", "Finds")),
        kinds.LIST,
        (kinds.LIST,),
        weight=5,
    ),
    "search": Subject(
        ("product", "passage", "image-match", "question", "resume", "recipe"),
        (("Ranker", "Ranks"), ("Embedder", "Embeds"), ("Matcher", "Matches")),
        kinds.FIELDS,
        (kinds.LIST,),
        weight=5,
    ),
    "geo": Subject(
        ("route", "address", "elevation", "isochrone", "timezone"),
        (("Finder", "Finds"), ("Geocoder", "Locates")),
        kinds.FIELDS,
        (kinds.FIELDS,),
        online=0.5,
    ),
    "web": Subject(
        ("link", "sitemap", "article", "robots-rule", "favicon"),
        (("Fetcher", "Fetches"), ("Checker", "Checks")),
        kinds.TEXT,
        (kinds.TEXT, kinds.FIELDS),
        online=0.9,
    ),
    "security": Subject(
        ("spam", "phishing", "secret", "fraud", "malware"), _TELL, kinds.TEXT, (kinds.FIELDS,)
    ),
    "science": Subject(
        ("molecule", "protein", "orbit", "reaction", "matrix", "gene"),
        (("Solver", "Solves"), ("Simulator", "Simulates"), ("Aligner", "Aligns")),
        kinds.FIELDS,
        (kinds.NUMBER, kinds.FIELDS),
        weight=5,
        gpu=0.15,
    ),
    "finance": Subject(
        ("option", "portfolio", "currency", "ledger", "risk"),
        (("Pricer", "Prices"), ("Balancer", "Balances")),
        kinds.FIELDS,
        (kinds.NUMBER,),
        online=0.15,
    ),
    "graphs": Subject(
        ("path", "community", "flow", "centrality", "matching"),
        (("Finder", "Finds"), ("Counter", "Counts")),
        kinds.LIST,
        (kinds.LIST, kinds.NUMBER),
    ),
    "tools": Subject(
        ("hash", "markdown", "archive", "calendar", "unit", "regex", "random"),
        (*_MAKE, ("Checker", "Checks")),
        kinds.TEXT,
        (kinds.TEXT,),
        weight=8,
    ),
}
