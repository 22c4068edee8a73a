"""The packages on the index, unmodified, inside: the client, its handler, the ADK, gevent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import pytest

from runners.protocol import FrameType
from tests.guest import published
from tests.guest.harness import EXTREMES, PYTHONS, Guest, Handler

Start = Callable[..., Guest]

MODEL = b"weights"


class Platform(Handler):
    """As much of the platform's API as the clients in these tests ask for."""

    def do_HEAD(self) -> None:  # noqa: N802
        self.send_response(200)
        self.send_header("X-Data-Type", "file")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:  # noqa: N802
        if "Authorization" in self.headers and self.headers["Authorization"] != "None":
            self.say(b'{"error":{"message":"a key came out"}}', 400)
        else:
            self.say(MODEL, content_type="application/octet-stream")

    def do_POST(self) -> None:  # noqa: N802
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/v1/algo/demo/Broken"):
            error = {"message": "no", "error_type": "InputError", "stack_trace": "theirs"}
            self.say(json.dumps({"error": error}).encode())
            return
        metadata = {"content_type": "text", "duration": 0.01}
        answer = {"result": f"{self.path} {body.decode()}", "metadata": metadata}
        self.say(json.dumps(answer).encode())


@pytest.fixture(params=EXTREMES)
def python(request: pytest.FixtureRequest) -> str:
    return published.interpreter(PYTHONS[request.param])


@pytest.fixture
def loaded(start: Start) -> Callable[..., Guest]:
    """Start a guest with the packages, its relay answered by Platform, and load src/Hello.py."""

    def load(code: str, **files: str) -> Guest:
        one = start({"src/__init__.py": "", "src/Hello.py": code} | files, relay=Platform)
        report = one.load()
        assert report.type is FrameType.READY, report.header
        return one

    return load


def test_client_made_at_load_reaches_the_platform_without_a_key(
    loaded: Callable[..., Guest],
) -> None:
    one = loaded("""
        import os
        import Algorithmia
        client = Algorithmia.client()
        model = client.file("data://alice/models/m.dat").getFile().name
        os.rename(model, "./model.dat")

        def apply(input):
            with open("model.dat", "rb") as f:
                data = f.read()
            return [data.decode(), client.algo("demo/Hello/0.1.1").pipe(input).result]
        """)

    assert one.call("you").value == ["weights", "/v1/algo/demo/Hello/0.1.1 you"]
    assert one.call("me").value == ["weights", "/v1/algo/demo/Hello/0.1.1 me"]


def test_error_of_a_nested_call_bubbles_up(loaded: Callable[..., Guest]) -> None:
    one = loaded("""
        import Algorithmia
        client = Algorithmia.client()
        def apply(input):
            return client.algo("demo/Broken").pipe(input).result
        """)

    answer = one.call("x")

    assert (answer.error_type, answer.message) == ("InputError", "no")
    assert answer.stacktrace.endswith("\nIn the algorithm that was called:\ntheirs")


def test_published_exception_takes_its_type_in_either_place(loaded: Callable[..., Guest]) -> None:
    one = loaded("""
        from Algorithmia.errors import AlgorithmException
        def apply(input):
            if input:
                raise AlgorithmException("m", "UnsupportedError")
            raise AlgorithmException(message="m", error_type="ParsingError")
        """)

    answers = [one.call(1), one.call(0)]

    assert [(answer.error_type, answer.message) for answer in answers] == [
        ("UnsupportedError", "m"),
        ("ParsingError", "m"),
    ]


@pytest.mark.parametrize("guard", ["", "if __name__ == '__main__': "], ids=["bare", "guarded"])
def test_handler_serves_with_and_without_load(loaded: Callable[..., Guest], guard: str) -> None:
    code = "import Algorithmia\ndef apply(input, state='none'):\n    return input + state\n"
    with_load = loaded(f"{code}{guard}Algorithmia.handler(apply, lambda: 'loaded').serve()\n")
    without = loaded(f"{code}{guard}Algorithmia.handler(apply).serve()\n")

    assert with_load.call("x ").value == "x loaded"
    assert without.call("x ").value == "x none"


def test_handler_that_cannot_load_says_so(start: Start) -> None:
    code = (
        "import Algorithmia\ndef load():\n    return 1 / 0\n"
        "Algorithmia.handler(lambda x: x, load).serve()\n"
    )
    one = start({"src/__init__.py": "", "src/Hello.py": code}, relay=Platform)

    report = one.load()

    assert (report.error_type, report.message) == ("LoadingError", "division by zero")


def test_adk_as_the_template_writes_it(loaded: Callable[..., Guest]) -> None:
    one = loaded(
        """
        from Algorithmia import ADK

        def apply(input):
            return "hello {}".format(input)

        algorithm = ADK(apply)
        algorithm.init("Algorithmia")
        """,
        **{".adk": ""},
    )

    assert one.call("you").value == "hello you"


def manifest(md5: str, *, is_frozen: bool) -> dict[str, str]:
    entry = {"name": "m", "source_uri": "data://a/b/m.dat", "fail_on_tamper": True}
    content = {"required_files": [{**entry, "md5_checksum": md5}], "optional_files": []}
    if not is_frozen:
        return {"model_manifest.json": json.dumps(content)}
    lock = hashlib.md5(str(content).encode()).hexdigest()
    return {"model_manifest.json.freeze": json.dumps({**content, "lock_checksum": lock})}


MANIFEST_USER = """
from Algorithmia import ADK

def load(state):
    with open(state.get_model("m")) as f:
        state["weights"] = f.read()
    return state

def apply(input, state):
    return state["weights"]

ADK(apply, load).init()
"""


@pytest.mark.parametrize("is_frozen", [True, False])
def test_adk_fetches_the_files_of_its_manifest(
    loaded: Callable[..., Guest], is_frozen: bool
) -> None:
    md5 = hashlib.md5(MODEL).hexdigest()

    one = loaded(MANIFEST_USER, **manifest(md5, is_frozen=is_frozen))

    assert one.call().value == "weights"


def test_adk_refuses_a_model_or_a_manifest_that_was_changed(start: Start) -> None:
    files = {"src/__init__.py": "", "src/Hello.py": MANIFEST_USER}
    wrong = manifest("0" * 32, is_frozen=True)
    text = manifest(hashlib.md5(MODEL).hexdigest(), is_frozen=True)["model_manifest.json.freeze"]
    edited = {"model_manifest.json.freeze": text.replace("m.dat", "n.dat")}

    other_model = start(files | wrong, relay=Platform).load()
    other_manifest = start(files | edited, relay=Platform).load()

    assert other_model.error_type == other_manifest.error_type == "LoadingError"
    assert other_model.message.startswith("Model File Mismatch for m")
    assert other_manifest.message.startswith("Manifest FreezeFile Tamper Detected")


def test_gevent_that_patches_everything_does_not_disturb(loaded: Callable[..., Guest]) -> None:
    one = loaded("""
        from gevent import monkey
        monkey.patch_all()
        import gevent
        import Algorithmia
        client = Algorithmia.client()

        def ask(name):
            return client.algo("demo/" + name).pipe("x").result

        def apply(input):
            print("printed")
            jobs = [gevent.spawn(ask, name) for name in input]
            gevent.joinall(jobs)
            return [job.value for job in jobs]
        """)

    answer = one.call(["A", "B", "C"])

    assert answer.value == ["/v1/algo/demo/A x", "/v1/algo/demo/B x", "/v1/algo/demo/C x"]
    assert answer.stdout == "printed\n"
    assert one.call([]).value == []
