"""PyTorch and TensorFlow: environments that staff add, whose packages are installed once for all.

The code asks for a GPU and takes the processor where there is none, as it is here. The smallest runs
every day; the others, of 0.8 and 1.4 GB, are left to `make test-guides`.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uv

from runners import package_index
from tests.journeys.authoring import publish, write
from tests.journeys.calling import signed_in
from tests.live import Person, Site
from tests.machine import needs_python
from tests.python_client import ReadAcl, connected

DATA = Path(__file__).resolve().parent.parent / "data"
WEIGHTS = DATA / "softmax" / "softmax_weights.npz"
DIGITS = [
    [float(number) for number in line.split(",")]
    for line in (DATA / "cntk" / "test.csv").read_text().splitlines()
]
EXPECTED = [2, 0, 9, 0, 3, 7, 0, 3, 0, 3]

LOADING = """
import Algorithmia
import numpy as np

client = Algorithmia.client()
weights = np.load(client.file("data://{owner}/Frameworks/softmax_weights.npz").getFile().name)
"""
PYTORCH = (
    LOADING
    + """
import torch

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
weight, bias = (torch.tensor(weights[name], device=device) for name in ("W", "b"))

def apply(input):
    with torch.inference_mode():
        pictures = torch.tensor(input, dtype=weight.dtype, device=device)
        digits = torch.argmax(pictures @ weight + bias, dim=1).tolist()
    return {{"digits": digits, "device": device.type, "brought": torch.__file__[:17]}}
"""
)
TENSORFLOW = (
    LOADING
    + """
import tensorflow
from tensorflow.python.client import device_lib

tf = getattr(getattr(tensorflow, "compat", None), "v1", tensorflow)
kinds = {{device.device_type for device in device_lib.list_local_devices()}}
device = "gpu" if "GPU" in kinds else "cpu"
graph = tf.Graph()
with graph.as_default(), tf.device("/" + device + ":0"):
    pictures = tf.placeholder(tf.float32, [None, 784])
    scores = tf.matmul(pictures, weights["W"].astype("float32")) + weights["b"].astype("float32")
    answer = tf.argmax(scores, 1)
session = tf.Session(graph=graph)

def apply(input):
    digits = session.run(answer, feed_dict={{pictures: input}}).tolist()
    return {{"digits": digits, "device": device, "brought": tensorflow.__file__[:17]}}
"""
)


@dataclass(frozen=True)
class Framework:
    """An environment as staff add it, and code for it."""

    slug: str
    python: str
    packages: tuple[str, ...]
    code: str


CASES = [
    pytest.param(
        Framework("tensorflow1", "3.6", ("tensorflow==1.0.1", "numpy==1.18.5"), TENSORFLOW),
        marks=needs_python("3.6"),
        id="tensorflow1",
    ),
    pytest.param(
        Framework("pytorch", "3.11", ("torch==2.13.0+cpu", "numpy==2.4.6"), PYTORCH),
        marks=[needs_python("3.11"), pytest.mark.guides],
        id="pytorch",
    ),
    pytest.param(
        Framework("tensorflow", "3.11", ("tensorflow-cpu==2.21.0",), TENSORFLOW),
        marks=[needs_python("3.11"), pytest.mark.guides],
        id="tensorflow",
    ),
]


def _require(package: str) -> None:
    """The index of a machine may have PyTorch with CUDA alone, which is 5 GB."""
    done = subprocess.run(
        [uv.find_uv_bin(), "pip", "compile", "--quiet", "--no-deps", "--python", "3.11", "-"],
        input=package.encode(),
        env={"PATH": "/usr/bin:/bin", **package_index.discover().variables()},
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"The package index of this machine has no {package}.")


@pytest.fixture(scope="module")
def collection(author_client: Any, author: Person) -> str:
    folder = f"data://{author.name}/Frameworks"
    author_client.dir(folder).create(ReadAcl.my_algos)
    author_client.file(f"{folder}/{WEIGHTS.name}").putFile(str(WEIGHTS))
    return folder


@pytest.mark.parametrize("framework", CASES)
@pytest.mark.usefixtures("collection")
def test_two_algorithms_share_a_framework_that_is_installed_once(
    framework: Framework, live: Site, author_client: Any, author: Person, caller: Person
) -> None:
    if "+cpu" in framework.packages[0]:
        _require(framework.packages[0])
    staff = live.person("operator", "--staff")
    form = {
        "slug": framework.slug,
        "display_name": framework.slug,
        "language": "python3",
        "version": framework.python,
        "machine": "cpu",
        "packages": "\n".join(framework.packages),
        "memory_mb": "4096",
    }

    with signed_in(live, staff) as browser:
        added = browser.post("/staff/environments/new/", data=form)
    live.manage("sync_environments")
    names = [f"{framework.slug}{number}" for number in (1, 2)]
    requirements = ("algorithmia>=1.0.0,<2.0\nsix\n", "algorithmia>=1.0.0,<2.0\nsix\nwordsegment\n")
    written = [
        write(
            author_client,
            live,
            author,
            framework.code.format(owner=author.name),
            name=name,
            requirements=wanted,
            settings={
                "algorithm_environment": framework.slug,
                "language": None,
                "environment": None,
            },
        )
        for name, wanted in zip(names, requirements, strict=True)
    ]
    publish(author_client, written[0].path, sample=json.dumps(DIGITS[:1]))
    with connected(live.url, caller.key) as stranger:
        answer = stranger.algo(written[0].path).pipe(DIGITS).result

    assert added.status_code == 302
    assert answer == {"digits": EXPECTED, "device": "cpu", "brought": "/opt/agorithm/bas"}
    assert "What this environment brings is there" in written[1].log
