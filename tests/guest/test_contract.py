"""What a tree of files is, and what must be started to serve its calls."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from runners import contracts
from runners.errors import BuildFailed, PlatformFault
from runners.specs import Limits, Mount, Network, RunSpec

APPLY = "def apply(input):\n    return input\n"


def write(tree: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)


def configuration(name: object) -> str:
    return json.dumps({"username": "alice", "algoname": name, "langauge": "python3"})


@pytest.mark.parametrize(
    ("files", "module"),
    [
        ({"algorithmia.conf": configuration("Hello"), "src/Hello.py": APPLY}, "src.Hello"),
        (
            {
                "algorithmia.conf": configuration("Hello"),
                "src/Hello.py": "",
                "src/Other.py": APPLY,
            },
            "src.Hello",
        ),
        ({"algorithmia.conf": configuration("Renamed"), "src/Hello.py": APPLY}, "src.Hello"),
        ({"algorithmia.conf": "{}", "src/Hello.py": APPLY}, "src.Hello"),
        ({"src/__init__.py": "", "src/Hello.py": APPLY, "src/Hello_test.py": APPLY}, "src.Hello"),
        ({"src/Hello.py": "from .inner import apply\n", "src/inner.py": "x = 1\n"}, "src.Hello"),
        ({"src/Hello.py": "apply = print\n"}, "src.Hello"),
        ({"src/Hello.py": "ADK(f, g).init()\n"}, "src.Hello"),
        ({"src/Hello/__init__.py": APPLY, "src/__init__.py": ""}, "src.Hello"),
        ({"src/__init__.py": APPLY}, "src"),
        ({"src/Hello.py": "def apply(input:\n", "src/not-a-module.py": APPLY}, "src.Hello"),
    ],
)
def test_entrance_is_found(tmp_path: Path, files: dict[str, str], module: str) -> None:
    write(tmp_path, files)

    found = contracts.detect(tmp_path)

    assert (found.contract, found.module) == ("apply", module)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "There is nothing here that can be called"),
        ({"src/Hello.py": "def other(): pass\n"}, "There is nothing here that can be called"),
        ({"src/A.py": APPLY, "src/B.py": APPLY}, "Several files define apply: src/A.py, src/B.py."),
        ({"algorithmia.conf": "{"}, "algorithmia.conf is not valid JSON: "),
        ({"algorithmia.conf": configuration("../x")}, '"algoname" must be the name of a file in'),
        ({"algorithmia.conf": configuration(5)}, '"algoname" must be the name of a file in src/.'),
        ({"algorithmia.conf": configuration("Hello")}, "but there is no src/Hello.py."),
    ],
)
def test_tree_without_an_entrance_is_refused_with_a_sentence(
    tmp_path: Path, files: dict[str, str], sentence: str
) -> None:
    write(tmp_path, files)

    with pytest.raises(BuildFailed, match=re.escape(sentence)):
        contracts.detect(tmp_path)


def test_links_out_of_the_tree_are_not_followed(tmp_path: Path) -> None:
    outside, tree = tmp_path / "outside", tmp_path / "tree"
    write(outside, {"secret.py": APPLY, "algorithmia.conf": "{"})
    (tree / "src").mkdir(parents=True)
    (tree / "src" / "Hello.py").symlink_to(outside / "secret.py")
    (tree / "algorithmia.conf").symlink_to(outside / "algorithmia.conf")

    with pytest.raises(BuildFailed, match="There is nothing here that can be called"):
        contracts.detect(tree)


def spec(network: Network = Network.ISOLATED) -> RunSpec:
    return RunSpec(
        algorithm="alice/Hello",
        module="src.Hello",
        network=network,
        variables=(("TOKEN", "secret"), ("ALGORITHMIA_API", "http://elsewhere")),
        limits=Limits(cpus=1.5),
        gpu=True,
    )


def test_plan_of_an_isolated_run_knows_the_relay_and_no_proxy() -> None:
    mounts = (Mount("/host/tree", "/opt/algorithm"),)

    plan = contracts.get("apply").plan(spec(), mounts=mounts, sockets="/host/run", name="box-1")
    variables = dict(plan.environment)

    assert plan.argv == ("/opt/agorithm/env/bin/python", "-I", "/opt/agorithm/guest/serve.py")
    assert (plan.name, plan.mounts, plan.sockets, plan.gpu) == ("box-1", mounts, "/host/run", True)
    assert plan.limits == Limits(cpus=1.5)
    assert variables["ALGORITHMIA_API"] == "http://127.0.0.1:9000"
    assert variables["TOKEN"] == "secret"
    assert variables["OMP_NUM_THREADS"] == "2"
    assert not [name for name in variables if "PROXY" in name.upper() or "API_KEY" in name]


def test_plan_of_a_run_with_internet_names_the_proxy_and_spares_the_relay() -> None:
    plan = contracts.get("apply").plan(spec(Network.FULL), mounts=(), sockets="", name="box-1")
    variables = dict(plan.environment)

    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        assert variables[name] == "http://127.0.0.1:9001"
    assert variables["NO_PROXY"] == variables["no_proxy"] == "127.0.0.1,localhost"


def test_unknown_contract_is_the_platforms_fault() -> None:
    with pytest.raises(PlatformFault, match="does not know the contract cog"):
        contracts.get("cog")
