"""The CNTK guide: a saved model in a collection answers for a file of digits, loaded once."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.authoring import on_python, publish, write
from tests.live import Person, Site
from tests.machine import needs_python
from tests.python_client import ReadAcl, connected

DATA = Path(__file__).resolve().parent.parent / "data" / "cntk"
REQUIREMENTS = "algorithmia>=1.0.0,<2.0\nsix\ncntk==2.7.post2\nnumpy==1.19.5\npip<22\n"
LIBRARIES = ("libmpi.so.12", "libmpi_cxx.so.1")

CODE = """
import ctypes
import os
import sys

import Algorithmia
import numpy as np

for library in ("libmpi.so.12", "libmpi_cxx.so.1"):
    ctypes.CDLL("/opt/algorithm/lib/" + library)
sys.setdlopenflags(os.RTLD_LAZY)

import cntk

client = Algorithmia.client()
loads = []

def get_cntk_model():
    file_uri = "data://{owner}/cntk_model/cntk.model"
    model_file_path = client.file(file_uri).getFile().name
    return model_file_path

def load_model():
    loads.append("model loaded")
    return cntk.load_model(get_cntk_model())

model = load_model()

def apply(input):
    path = client.file(input["test_data"]).getFile().name
    rows = np.loadtxt(path, delimiter=",", dtype=np.float32)
    scores = model.eval({{model.arguments[0]: rows}})
    if "count" in input:
        return len(loads)
    return [int(digit) for digit in scores.argmax(axis=1)]
"""


@pytest.fixture(scope="module")
def digits(author_client: Any, author: Person) -> str:
    """The model, which only its author's algorithms may read, and a file of digits for everyone."""
    models, data = f"data://{author.name}/cntk_model", f"data://{author.name}/cntk_data"
    author_client.dir(models).create(ReadAcl.my_algos)
    author_client.dir(data).create(ReadAcl.public)
    author_client.file(f"{models}/cntk.model").putFile(str(DATA / "cntk.model"))
    author_client.file(f"{data}/test.csv").putFile(str(DATA / "test.csv"))
    return f"{data}/test.csv"


def _compiled(folder: Path) -> dict[str, object]:
    """The two libraries that CNTK asks for, built as the tutorial says, as files to be saved."""
    files: dict[str, object] = {}
    for name in LIBRARIES:
        command = ("gcc", "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", folder / name)
        subprocess.run((*command, DATA / "mpi_stub.c"), check=True)
        files[f"lib/{name}"] = {"base64": base64.b64encode((folder / name).read_bytes()).decode()}
    return files


@needs_python("3.6")
def test_saved_model_answers_a_stranger_for_a_file_of_digits(
    live: Site, author_client: Any, author: Person, caller: Person, digits: str, tmp_path: Path
) -> None:
    written = write(
        author_client,
        live,
        author,
        CODE.format(owner=author.name),
        name="CntkDigits",
        requirements=REQUIREMENTS,
        files=_compiled(tmp_path),
        settings=on_python(author_client, "3.6"),
    )
    number = publish(author_client, written.path, sample=f'{{"test_data": "{digits}"}}')

    with connected(live.url, caller.key) as stranger:
        algorithm = stranger.algo(f"{written.path}/{number}")
        answers = [algorithm.pipe({"test_data": digits}) for _ in range(2)]
        counted = algorithm.pipe({"test_data": digits, "count": True})

    assert [answer.result for answer in answers] == [[2, 0, 9, 0, 3, 7, 0, 3, 0, 3]] * 2
    assert counted.result == 1
    metadata = [answer.metadata.full_metadata for answer in (*answers, counted)]
    assert [one["cold"] for one in metadata] == [True, False, False]
