"""An author works in R: from the template to an algorithm that others call, and back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.authoring import SETTINGS, build, publish
from tests.journeys.calling import call
from tests.live import Person, Site
from tests.machine import needs_language

pytestmark = needs_language("r")

IN_R: dict[str, Any] = SETTINGS | {"language": "r", "pipeline_enabled": True}
CODE = """
library(algorithmia)
library(jsonlite)

client <- getAlgorithmiaClient()
calls <- 0

algorithm <- function(input) {
  calls <<- calls + 1
  cat("doing", input$do, "\\n")
  switch(input$do,
    mean = list(mean = mean(input$values), calls = calls),
    ask = client$algo(input$path)$pipe(input$text)$result,
    keep = {
      client$dir(dirname(input$uri))$create()
      client$file(input$uri)$putJson(list(kept = input$text))
      client$file(input$uri)$getJson()$kept
    },
    fail = broken(input)
  )
}

broken <- function(input) {
  stop("There are no ", input$what, ".")
}
"""


@pytest.fixture(scope="module")
def written(live: Site, author: Person, author_client: Any) -> str:
    """Made from the template, edited, built and published for everybody."""
    path = f"{author.name}/Statistics"
    author_client.algo(path).create({"label": "Statistics"}, IN_R)
    first = author_client.algo(path).compile()
    assert first["compilation"]["successful"], first["compilation"]["output"]
    by_hash = author_client.algo(f"{path}/{first['version_info']['git_hash']}")
    assert by_hash.pipe("you").result == "hello you"
    build(author_client, live, author, path, {"src/Statistics.r": CODE})
    publish(author_client, path, sample='{"do": "mean", "values": [1, 2]}')
    return path


def test_algorithm_answers_calls_others_as_its_caller_and_names_the_line_that_fails(
    live: Site, author: Person, caller: Person, echo: str, written: str
) -> None:
    def asked(key: str, **wish: object) -> Any:
        return call(live, written, wish, key=key).json()

    assert asked(caller.key, do="mean", values=[1, 2, 6])["result"] == {"mean": 3, "calls": 1}
    assert asked(caller.key, do="ask", path=echo, text="through")["result"] == "through"
    kept = asked(caller.key, do="keep", uri="data://.my/statistics/one.json", text="größe")
    assert kept["result"] == "größe"
    failed = asked(author.key, do="fail", what="values")["error"]
    assert failed["message"] == "There are no values."
    assert "at /opt/algorithm/src/Statistics.r:24" in failed["stacktrace"]
