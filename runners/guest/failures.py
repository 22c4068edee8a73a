"""An exception becomes the error object of the wire: message, error_type, stacktrace, place."""

import errno
import os
import re
import traceback

from _agorithm import values

MOST_MESSAGE = 16 * 1024
MOST_STACKTRACE = 64 * 1024
HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep

KNOWN_TYPES = frozenset((
    "AlgorithmError", "InputError", "UnsupportedError", "InitializationError",
    "OutOfMemoryError", "OutOfGpuMemoryError", "OutOfDiskError", "TooManyProcessesError",
    "LanguageError", "TooLargeError", "ParsingError", "EntityNotFoundError",
    "ThirdPartyCredentialError", "TimeoutError", "PaymentRequiredError", "SystemExit",
    "SystemError", "LoadingError",
))  # fmt: skip

PACKAGES = {
    "Algorithmia": "algorithmia", "attr": "attrs", "bs4": "beautifulsoup4", "Bio": "biopython",
    "Crypto": "pycryptodome", "cv2": "opencv-python-headless", "dateutil": "python-dateutil",
    "docx": "python-docx", "dotenv": "python-dotenv", "fitz": "pymupdf", "jwt": "pyjwt",
    "magic": "python-magic", "OpenSSL": "pyopenssl", "PIL": "pillow", "serial": "pyserial",
    "skimage": "scikit-image", "sklearn": "scikit-learn", "yaml": "pyyaml",
}  # fmt: skip

_TYPE = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,59}\Z")
_LIBRARY = re.compile(r"(lib[\w.+-]+\.so[\d.]*): cannot open shared object")


def describe(error, tree, default="AlgorithmError"):
    """Give the fields of a FAILED frame. Never raises, whatever the exception does."""
    try:
        return _describe(error, tree, default)
    except BaseException:
        return {
            "error_type": default,
            "message": "The algorithm raised a {} that cannot be shown.".format(_name(type(error))),
            "stacktrace": "",
        }


def _describe(error, tree, default):
    if isinstance(error, (values.InputRefused, values.ResultRefused)):
        return {"error_type": error.error_type, "message": _clean(str(error)), "stacktrace": ""}
    own_type = _own_type(error)
    platform_type, message = _explain(error, tree)
    fields = {
        "error_type": own_type or platform_type or default,
        "message": _cut(_clean(message or _name(type(error))), MOST_MESSAGE),
        "stacktrace": _cut(_clean(_stacktrace(error)), MOST_STACKTRACE, keep_end=True),
    }
    place = _place(error, tree)
    if place is not None:
        fields["file"], fields["line"] = place
    return fields


def _own_type(error):
    """What the exception itself says it is, in either of the places where authors put it."""
    for attribute in ("error_type", "stack_trace"):
        try:
            word = getattr(error, attribute, None)
        except BaseException:  # a property of the author's
            continue
        if not isinstance(word, str):
            continue
        if word in KNOWN_TYPES or (attribute == "error_type" and _TYPE.match(word)):
            return word
    return None


def _explain(error, tree):
    """Give (error_type or None, message)."""
    message = _message(error)
    if isinstance(error, SystemExit):
        code = 0 if error.code is None else error.code
        said = "with code {}".format(code) if isinstance(code, int) else "saying: {}".format(message)
        return "SystemExit", "The algorithm ended itself: exited {}.".format(said)
    if isinstance(error, MemoryError):
        return "OutOfMemoryError", "The algorithm ran out of memory. {}".format(message).strip()
    if _is_gpu_memory(error, message):
        return "OutOfGpuMemoryError", message
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        text = "The algorithm filled its disk space, which /tmp and the working folder share: {}"
        return "OutOfDiskError", text.format(message)
    if _is_process_limit(error, message):
        text = "The algorithm has as many processes and threads as it may have: {}"
        return "TooManyProcessesError", text.format(message)
    if isinstance(error, ImportError):
        return None, "{}{}".format(message, _import_advice(error, message, tree))
    if type(error) is KeyError:  # its text is the bare key, which tells a caller nothing
        return None, "KeyError: {}".format(message)
    return None, message


def _message(error):
    if type(error).__name__ == "AlgorithmException" and isinstance(
        getattr(error, "message", None), str
    ):
        return error.message  # its str() adds quotes, and the type if that was put second
    try:
        return str(error)
    except BaseException:
        return "{} (its message cannot be shown: str() of it failed)".format(_name(type(error)))


def _is_gpu_memory(error, message):
    name = type(error).__name__
    if name == "OutOfMemoryError" or message.startswith("CUDA out of memory"):
        return True
    return name == "ResourceExhaustedError" and "OOM" in message


def _is_process_limit(error, message):
    if isinstance(error, RuntimeError) and "start new thread" in message:
        return True
    if not isinstance(error, OSError) or error.errno != errno.EAGAIN:
        return False
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return False
    code = trace.tb_frame.f_code
    if code.co_filename.endswith(("subprocess.py", "popen_fork.py")):
        return True
    return any("fork" in name or "spawn" in name for name in code.co_names)


def _import_advice(error, message, tree):
    library = _LIBRARY.search(message)
    if library is not None:
        text = ". The environment does not have the system library {}."
        if library.group(1).startswith(("libGL", "libgthread", "libglib", "libSM", "libXext")):
            text += " For OpenCV, use the package opencv-python-headless."
        return text.format(library.group(1))
    name = error.name
    if not isinstance(error, ModuleNotFoundError) or not name:
        return ""
    top = name.partition(".")[0]
    if os.path.exists(os.path.join(tree, top)) or os.path.exists(os.path.join(tree, top + ".py")):
        return ". The algorithm has no file {}.py.".format(name.replace(".", "/"))
    if top == name:
        text = ". Add the package that provides it ({}) to the algorithm's Dependencies."
        return text.format(PACKAGES.get(top, top))
    return ""


def _stacktrace(error):
    try:
        shown = traceback.TracebackException.from_exception(error)
        _leave_us_out(shown, 0)
        text = "".join(shown.format())
    except (Exception, RecursionError):  # an endless chain, a source that cannot be read
        text = "{}: {}".format(_name(type(error)), _message(error))
    child = getattr(error, "stack_trace", None)
    if type(error).__name__ == "AlgorithmException" and isinstance(child, str):
        if child and child not in KNOWN_TYPES:
            text += "\nIn the algorithm that was called:\n{}".format(child)
    return text


def _leave_us_out(shown, depth):
    """Remove the frames of this guest and of the import machinery."""
    frames = [frame for frame in shown.stack if _is_authors(frame.filename)]
    shown.stack = traceback.StackSummary.from_list(frames)
    for other in (shown.__cause__, shown.__context__):
        if other is not None and depth < 100:
            _leave_us_out(other, depth + 1)


def _is_authors(filename):
    return not filename.startswith((HERE, "<frozen importlib", "<frozen runpy"))


def _place(error, tree):
    """Give (file, line) in the author's tree where it happened, or None."""
    root = os.path.join(tree, "")
    if isinstance(error, SyntaxError) and error.filename and error.filename.startswith(root):
        return error.filename[len(root) :], error.lineno or 0
    place, trace = None, error.__traceback__
    while trace is not None:
        filename = trace.tb_frame.f_code.co_filename
        if filename.startswith(root):
            place = filename[len(root) :], trace.tb_lineno or 0
        trace = trace.tb_next
    return place


def _name(kind):
    try:
        return str(kind.__name__)[:200]
    except BaseException:
        return "exception"


def _clean(text):
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _cut(text, most, keep_end=False):
    if len(text) <= most:
        return text
    note = "[... {:,} characters left out ...]".format(len(text) - most)
    if keep_end:
        head = most // 4
        return "{}\n{}\n{}".format(text[:head], note, text[head - most :])
    return text[:most] + note
