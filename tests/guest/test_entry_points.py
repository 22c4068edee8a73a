"""The three forms in which an author's module can name its function."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runners.protocol import FrameType
from tests.guest.harness import Guest

Start = Callable[..., Guest]

ADK = """
from adk import ADK

def load(state):
    state["greeting"] = "hello"
    return state

def apply(input, state):
    return "{} {} from {}".format(state["greeting"], input, __name__)

"""
INIT = "ADK(apply, load).init('local only')\n"
GUARDED = "if __name__ == '__main__':\n    ADK(apply, load).init('local only')\n"


def tree(code: str, **files: str) -> dict[str, str]:
    return {"src/__init__.py": "", "src/Hello.py": code} | files


@pytest.mark.parametrize("marker", [{}, {".adk": ""}], ids=["plain tree", "adk tree"])
@pytest.mark.parametrize("ending", [INIT, GUARDED], ids=["bare", "guarded"])
def test_adk_module_runs_as_the_program(start: Start, ending: str, marker: dict[str, str]) -> None:
    one = start(tree(ADK + ending, **marker))

    report = one.load()

    assert report.type is FrameType.READY, report
    assert report.stdout == ""
    assert one.call("you").value == "hello you from __main__"
    assert one.call("me").value == "hello me from __main__"


def test_adk_load_runs_once_and_its_result_goes_to_two_argument_functions(start: Start) -> None:
    one = start(
        tree("""
        from adk import ADK
        times = []
        def load():
            times.append(1)
            print("loading")
            return {"n": 0}
        def apply(input, state):
            state["n"] += 1
            return [state["n"], len(times)]
        ADK(apply, load).init()
        """)
    )

    report = one.load()

    assert report.stdout == "loading\n"
    assert [one.call().value for _ in range(3)] == [[1, 1], [2, 1], [3, 1]]


@pytest.mark.parametrize(
    ("load", "apply", "value"),
    [
        ("lambda: 'state'", "lambda x: x", "in"),
        ("lambda: None", "lambda x, state='default': state", "default"),
        ("lambda: 'state'", "lambda x, state='default': state", "state"),
        ("None", "lambda x: x", "in"),
        ("lambda state: state.data()", "lambda x: x", "in"),
    ],
)
def test_adk_passes_the_load_result_only_if_there_is_one_and_room_for_it(
    start: Start, load: str, apply: str, value: str
) -> None:
    one = start(tree(f"from adk import ADK\nADK({apply}, {load}).init()\n"))

    one.load()

    assert one.call("in").value == value


def test_adk_load_result_without_a_truth_value_is_passed(start: Start) -> None:
    one = start(
        tree("""
        from adk import ADK
        class Array:
            def __bool__(self): raise ValueError("ambiguous")
        ADK(lambda x, state: type(state).__name__, Array).init()
        """)
    )

    one.load()

    assert one.call().value == "Array"


def test_adk_methods_are_counted_without_self(start: Start) -> None:
    one = start(
        tree("""
        from adk import ADK
        class Model:
            def load(self): return "loaded"
            def apply(self, input): return input
        model = Model()
        ADK(model.apply, model.load).init()
        """)
    )

    one.load()

    assert one.call("x").value == "x"


def test_adk_load_with_two_parameters_is_refused(start: Start) -> None:
    one = start(tree("from adk import ADK\nADK(lambda x: x, lambda a, b: 1).init()\n"))

    report = one.load()

    assert report.type is FrameType.FAILED
    assert report.message.startswith("load function expects 0 parameters or 1 parameter")


def test_failing_adk_load_is_told_at_once_and_to_every_later_call(start: Start) -> None:
    one = start(
        tree("""
        from adk import ADK
        def load():
            raise RuntimeError("no model")
        ADK(lambda x, state: x, load).init()
        """)
    )

    report = one.load()
    answers = [one.call(1), one.call(2)]

    assert (report.error_type, report.message) == ("LoadingError", "no model")
    assert (report.header["file"], report.header["line"]) == ("src/Hello.py", 4)
    assert [(answer.error_type, answer.message) for answer in answers] == [
        ("LoadingError", "no model")
    ] * 2
    assert all("line 4, in load" in answer.stacktrace for answer in answers)


def test_adk_error_in_a_call_is_reported_on_every_python(start: Start) -> None:
    one = start(
        tree("""
        from adk import ADK
        def apply(input):
            raise ValueError("bad")
        ADK(apply).init()
        """)
    )

    one.load()
    answer = one.call()

    assert (answer.error_type, answer.message) == ("AlgorithmError", "bad")
    assert "/compat/" not in answer.stacktrace


def test_mlops_without_a_token_says_so(start: Start) -> None:
    one = start(tree("from adk import ADK\nADK(lambda x: x).init(mlops=True)\n"))

    assert one.load().message == (
        "'DATAROBOT_MLOPS_API_TOKEN' was not found, please set to use mlops."
    )


def test_plain_module_with_a_main_guard_is_imported_not_run(start: Start) -> None:
    one = start(
        tree("""
        def apply(input):
            return __name__
        if __name__ == "__main__":
            raise SystemExit("ran as a program")
        """)
    )

    one.load()

    assert one.call().value == "src.Hello"


def test_plain_module_in_an_adk_tree_still_answers(start: Start) -> None:
    one = start(tree("def apply(input):\n    return __name__\n", **{".adk": ""}))

    one.load()

    assert one.call().value == "__main__"


def test_program_that_exits_cleanly_after_registering_is_ready(start: Start) -> None:
    one = start(tree("from adk import ADK\nimport sys\nADK(lambda x: x).init()\nsys.exit(0)\n"))

    assert one.load().type is FrameType.READY
    assert one.call(1).value == 1


def test_packages_and_their_neighbours_can_be_imported(start: Start) -> None:
    one = start(
        {
            "src/__init__.py": "",
            "src/Hello/__init__.py": "from .inner import apply\nfrom src import other\n",
            "src/Hello/inner.py": "from src.other import word\nimport top\nimport other\n"
            "def apply(input):\n    return [word, top.word, other.word]\n",
            "src/other.py": "word = 'beside'\n",
            "top.py": "word = 'above'\n",
        }
    )

    report = one.load()

    assert report.type is FrameType.READY, report
    assert one.call().value == ["beside", "above", "beside"]


def test_src_itself_can_be_the_module(start: Start) -> None:
    one = start({"src/__init__.py": "def apply(input):\n    return input\n"})

    one.load("src")

    assert one.call(5).value == 5


def test_classes_pickled_by_a_training_script_are_found(start: Start) -> None:
    one = start(
        tree("""
        import pickle
        class Model:
            pass
        Model.__module__ = "__main__"
        blob = pickle.dumps(Model())
        Model.__module__ = "src.Hello"
        model = pickle.loads(blob)
        def apply(input):
            return type(model) is Model
        """)
    )

    one.load()

    assert one.call().value is True


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("x = 1\n", "src/Hello.py defines no function apply(input)."),
        ("apply = 3\n", "apply in src/Hello.py is not a function."),
        ("async def apply(input): pass\n", "apply in src/Hello.py must not be an async function."),
        (
            "def apply(input, state): pass\n",
            (
                "apply in src/Hello.py must take exactly one argument, the input;"
                " it is apply(input, state)."
            ),
        ),
        (
            "def apply(): pass\n",
            "apply in src/Hello.py must take exactly one argument, the input; it is apply().",
        ),
    ],
)
def test_module_without_a_usable_function_is_refused_at_load(
    start: Start, code: str, sentence: str
) -> None:
    report = start(tree(code)).load()

    assert report.type is FrameType.FAILED
    assert (report.error_type, report.message) == ("LoadingError", sentence)


@pytest.mark.parametrize(
    "apply",
    ["lambda x, *more, **named: x", "lambda x, y=2: x", "lambda *all: all[0]", "Model()", "abs"],
)
def test_any_callable_of_one_argument_will_do(start: Start, apply: str) -> None:
    one = start(tree(f"class Model:\n    def __call__(self, x): return x\napply = {apply}\n"))

    assert one.load().type is FrameType.READY
    assert one.call(4).value == 4


def test_missing_module_and_unknown_contract_are_refused(start: Start) -> None:
    one = start(tree("def apply(input): pass\n"))

    assert one.load("src.Other").message == "The algorithm has no file src/Other.py."


def test_removed_functions_of_old_pythons_are_there(start: Start) -> None:
    one = start(
        tree("""
        import inspect, traceback
        def apply(input):
            spec = inspect.getargspec(apply)
            try:
                1 / 0
            except ZeroDivisionError as e:
                text = traceback.format_exception(etype=type(e), value=e, tb=e.__traceback__)
            return [list(spec.args), text[-1]]
        """)
    )

    one.load()

    assert one.call().value == [["input"], "ZeroDivisionError: division by zero\n"]
