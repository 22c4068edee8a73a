"""A model through its own HTTP application: the wire, to the letter."""

import json

import pytest

import modelcloud
import runway
import runway.exceptions
from modelcloud import compression, exceptions
from modelcloud.model import RunwayModel
from runway.data_types import array, boolean, category, file, image, number, text, vector

NO_JSON = {"error": "The body of all POST requests must contain JSON"}


@pytest.fixture(autouse=True)
def not_serving(monkeypatch):
    monkeypatch.setenv("RW_NO_SERVE", "1")


def client_of(model, **options):
    model.run(model_options=options)
    return model.app.test_client()


@pytest.fixture
def model():
    made = RunwayModel()

    @made.setup(options={"size": category(choices=["big", "small"], description="d")})
    def setup(options):
        return options["size"]

    @made.command("tell", {"t": text(max_length=4)}, {"r": text()}, description="Grüße 🕳")
    def tell(size, inputs):
        return size + " " + inputs["t"]

    return made


def test_manifest_has_exactly_these_keys(model):
    client = client_of(model)

    said = json.loads(client.get("/meta").data.decode())

    assert isinstance(said.pop("millisRunning"), int)
    assert said == {
        "modelSDKVersion": modelcloud.__version__,
        "millisSinceLastCommand": None,
        "GPU": False,
        "options": [
            {
                "type": "category",
                "name": "size",
                "oneOf": ["big", "small"],
                "default": "big",
                "description": "d",
            }
        ],
        "commands": [
            {
                "name": "tell",
                "description": "Grüße 🕳",
                "inputs": [
                    {
                        "type": "text",
                        "name": "t",
                        "description": None,
                        "default": "",
                        "minLength": 0,
                        "maxLength": 4,
                    }
                ],
                "outputs": [
                    {
                        "type": "text",
                        "name": "r",
                        "description": None,
                        "default": "",
                        "minLength": 0,
                    }
                ],
            }
        ],
    }
    assert json.loads(client.get("/tell").data.decode()) == said["commands"][0]
    assert json.loads(client.get("/setup").data.decode()) == said["options"]
    assert "Grüße 🕳".encode() in client.get("/").data


def test_commands_answer_and_the_clock_begins(model):
    client = client_of(model, size="small")

    answer = client.post("/tell", json={"t": "x", "more": 1})

    assert (answer.status_code, answer.get_json()) == (200, {"r": "small x"})
    assert isinstance(client.get("/").get_json()["millisSinceLastCommand"], int)
    assert client.get("/healthcheck").get_json() == {"status": "RUNNING"}


def test_setup_can_be_made_anew_and_stays_starting_when_it_fails(model):
    client = client_of(model)

    bad = client.post("/setup", json={"size": "huge"})

    assert bad.status_code == 400
    assert bad.get_json()["error"].startswith("Invalid argument: size. 'huge'")
    assert client.get("/healthcheck").get_json() == {"status": "STARTING"}
    assert client.post("/setup", json={"size": "small"}).get_json() == {"success": True}
    assert client.post("/tell", json={"t": "y"}).get_json() == {"r": "small y"}


@pytest.mark.parametrize("body", [b"", b"t=x", b'{"t": x"}', b"null"])
def test_body_that_is_no_json_is_refused_before_the_command_is_looked_for(model, body):
    client = client_of(model)

    for path in ("/tell", "/setup", "/nothing"):
        answer = client.post(path, data=body)
        assert (answer.status_code, answer.get_json()) == (400, NO_JSON)


def test_bodies_are_json_whatever_their_type_and_may_be_compressed(model):
    client = client_of(model)
    zipped = compression.gzip_compress(b'{"t": "z"}')

    form = client.post("/tell", data='{"t": "f"}', content_type="application/x-www-form-urlencoded")
    packed = client.post(
        "/tell", data=zipped, content_type="application/json", headers={"Content-Encoding": "gzip"}
    )
    charset = client.post(
        "/tell",
        data=zipped,
        content_type="application/json; charset=utf-8",
        headers={"Content-Encoding": "gzip"},
    )
    listed = client.post("/tell", data="[1]")

    assert form.get_json() == {"r": "big f"}
    assert packed.get_json() == {"r": "big z"}
    assert charset.status_code == 400
    assert listed.get_json() == {"r": "big "}


def test_long_answers_are_compressed_for_those_who_can_read_them(model):
    client = client_of(model)

    answer = client.post("/tell", json={"t": "x" * 600}, headers={"Accept-Encoding": "gzip"})

    assert answer.headers["Content-Encoding"] == "gzip"
    assert json.loads(compression.gzip_decompress(answer.data).decode()) == {
        "r": "big " + "x" * 600
    }


def test_general_errors_have_their_words(model):
    client = client_of(model)

    unknown = client.get("/nothing")
    other = client.put("/setup", json={})

    assert (unknown.status_code, unknown.get_json()["error"]) == (404, "Unknown command: nothing.")
    assert (other.status_code, other.get_json()) == (405, {"error": "Method not allowed."})
    assert client.get("/a/b").get_json() == {"error": "Not found."}
    assert client.options("/tell").headers["Access-Control-Allow-Origin"] == "*"


def test_faults_of_callers_and_of_authors_are_told_apart():
    model = RunwayModel()

    @model.command("run", {"photo": image(), "is_big": boolean}, {"a": text, "b": number})
    def run(_, inputs):
        raise {"ours": runway.exceptions.MissingOptionError("x"), "": ValueError("oops")}[
            "ours" if inputs["is_big"] else ""
        ]

    client = client_of(model)
    pixel = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

    missing = client.post("/run", json={})
    broken = client.post("/run", json={"photo": "AAAA"})
    raised = client.post("/run", json={"photo": pixel})
    own = client.post("/run", json={"photo": pixel, "is_big": True})

    assert (missing.status_code, missing.get_json()["error"]) == (400, "Missing input: photo.")
    assert broken.status_code == 400
    assert broken.get_json()["error"].startswith("Invalid argument: photo.")
    assert raised.status_code == 500
    assert raised.get_json()["error"] == "Error during inference: {!r}.".format(ValueError("oops"))
    assert raised.get_json()["type"] == "InferenceError"
    assert any("oops" in line for line in raised.get_json()["traceback"])
    assert (own.status_code, own.get_json()["error"]) == (400, "Missing option: x.")


@pytest.mark.parametrize(
    "returned, status",
    [
        ({"a": "x", "b": 1}, 200),
        ({"a": "x", "b": 1, "c": 2}, 200),
        ({"a": None, "b": 1}, 200),
        ({"a": "x"}, 500),
        ("x", 500),
    ],
)
def test_outputs_are_those_that_were_declared(returned, status):
    model = RunwayModel()

    @model.command("run", {"i": number}, {"a": text, "b": number})
    def run(_, inputs):
        return returned

    answer = client_of(model).post("/run", json={})

    assert answer.status_code == status
    if status == 200:
        assert sorted(answer.get_json()) == ["a", "b"]


def test_generators_answer_with_what_they_return_or_yielded_last():
    model = RunwayModel()

    @model.command("yields", {"i": number}, {"o": number})
    def yields(_, inputs):
        yield 1, 0.5
        yield 2, 1.0

    @model.command("returns", {"i": number}, {"o": number})
    def returns(_, inputs):
        yield 1
        return 3

    @model.command("nothing", {"i": number}, {"o": number})
    def nothing(_, inputs):
        return
        yield

    client = client_of(model)

    assert client.post("/yields", json={}).get_json() == {"o": 2}
    assert client.post("/returns", json={}).get_json() == {"o": 3}
    assert client.post("/nothing", json={}).status_code == 500


def test_absent_fields_have_their_defaults():
    model = RunwayModel()
    seen = {}

    @model.command("run", {"v": vector(2), "f": file, "n": number(default=0, min=5)}, {"o": text})
    def run(_, inputs):
        seen.update(inputs)
        return "x"

    client = client_of(model)
    client.post("/run", json={})

    assert seen == {"v": None, "f": None, "n": 0}


def test_output_format_is_chosen_by_header():
    model = RunwayModel()

    @model.command("run", {"photo": image}, {"photo": image})
    def run(_, inputs):
        return inputs["photo"]

    client = client_of(model)
    pixel = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

    def asked(wanted):
        headers = {"X-Runway-Output-Format": "photo=" + wanted}
        return client.post("/run", json={"photo": pixel}, headers=headers)

    assert asked("PNG").get_json()["photo"].startswith("data:image/png;base64,")
    assert asked("exr").get_json()["photo"].startswith("data:image/exr;base64,")
    assert asked("GIF").status_code == 400


def test_meta_mode_prints_the_manifest_and_nothing_else(capsys, monkeypatch):
    monkeypatch.setenv("RW_META", "1")
    model = RunwayModel()
    made = []

    @model.setup(options={"words": array(item_type=text)})
    def setup(options):
        made.append(options)

    model.run()
    printed = capsys.readouterr()

    assert [option["name"] for option in json.loads(printed.out)["options"]] == ["words"]
    assert (printed.err, made) == ("", [])


def test_options_of_the_environment_win_and_missing_ones_end_it(monkeypatch, capsys):
    model = RunwayModel()
    seen = []
    model.setup(options={"words": array(item_type=text)})(seen.append)

    monkeypatch.setenv("RW_MODEL_OPTIONS", '{"words": ["a"]}')
    model.run(model_options={"words": ["b"]})
    monkeypatch.delenv("RW_MODEL_OPTIONS")
    with pytest.raises(SystemExit) as ended:
        model.run()

    assert seen == [{"words": ["a"]}]
    assert ended.value.code == 1
    printed = capsys.readouterr()
    assert "Missing option: words." in printed.err
    assert printed.out.startswith("Setting up model...\nNot starting model server because")


def test_bare_setup_gives_the_function_back_and_instances_are_not_shared():
    model = RunwayModel()
    shared = text()

    @model.setup
    def setup():
        return 7

    @model.command("run", {"a": shared, "b": shared}, {"o": number})
    def run(seven, inputs):
        return seven

    client = client_of(model)

    assert setup() == 7
    assert [one["name"] for one in client.get("/run").get_json()["inputs"]] == ["a", "b"]
    assert client.post("/run", json={}).get_json() == {"o": 7}


def test_command_without_inputs_or_outputs_is_refused():
    with pytest.raises(Exception):
        RunwayModel().command("run", {}, {"o": text})


@pytest.mark.parametrize(
    "name, code, message",
    [
        ("MissingOptionError", 400, "Missing option: x."),
        ("MissingInputError", 400, "Missing input: x."),
        ("InvalidArgumentError", 400, "Invalid argument: x."),
        ("InferenceError", 500, "Error during inference: x."),
        ("SetupError", 500, "Error during setup: x."),
        ("UnknownCommandError", 404, "Unknown command: x."),
        ("MissingArgumentError", 500, "Missing argument: x."),
    ],
)
def test_exceptions_have_their_codes_and_words(name, code, message, capsys):
    error = getattr(exceptions, name)("x")

    assert (error.code, error.message) == (code, message)
    assert error.to_response()["traceback"]
    assert getattr(runway.exceptions, name) is getattr(exceptions, name)
    try:
        raise error
    except exceptions.RunwayError as caught:
        caught.print_exception()
    printed = capsys.readouterr().err
    assert message in printed
    assert "raise error" in printed


def test_compression_is_found_where_existing_models_look_for_it():
    from modelcloud.utils import gzip_decompress
    from runway.utils import gzip_compress

    assert gzip_decompress(gzip_compress(b"words")) == b"words"
