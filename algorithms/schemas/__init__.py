"""What a version takes and answers, as JSON Schema: found without work for its author.

`infer` looks where an author has said it, the most reliable place first: `schema.json`, the
front matter of the README, the type hints of `apply`, its docstring, and at last the sample.
An author's code is read here and never run. A schema describes; it refuses no call.
"""

from algorithms.schemas.comparing import Difference, compare, smallest_part
from algorithms.schemas.declared import checked, written
from algorithms.schemas.inferring import NOT_KNOWN, Schemas, infer, of_texts, of_version

__all__ = [
    "NOT_KNOWN",
    "Difference",
    "Schemas",
    "checked",
    "compare",
    "infer",
    "of_texts",
    "of_version",
    "smallest_part",
    "written",
]
