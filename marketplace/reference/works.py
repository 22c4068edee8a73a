"""What takes a while, described: imports, and publishes that pass a gate."""

from __future__ import annotations

from typing import Final

from marketplace.api.describing import (
    BYTES,
    COMMIT,
    ID,
    MOMENT,
    PAGING,
    TEXT,
    WHOLE,
    YES_OR_NO,
    Operation,
    Parameter,
    Shape,
    object_of,
    one_of,
    or_null,
    paged,
)

_CONTRACT: Final = one_of("", "service", "web", "apply")
_IMPORT: Final[Shape] = object_of(
    {
        "id": ID,
        "state": one_of("queued", "running", "done", "failed"),
        "step": TEXT,
        "source": TEXT,
        "contract": or_null(TEXT),
        "algorithm": or_null(TEXT),
        "error": or_null(TEXT),
        "created_at": MOMENT,
        "finished_at": or_null(MOMENT),
    }
)
_PUBLICATION: Final[Shape] = object_of(
    {
        "id": ID,
        "state": one_of("queued", "scoring", "passed", "refused", "failed"),
        "step": TEXT,
        "done": WHOLE,
        "total": WHOLE,
        "commit": COMMIT,
        "version": or_null(TEXT),
        "evaluation": or_null(ID),
        "error": or_null(TEXT),
        "created_at": MOMENT,
        "finished_at": or_null(MOMENT),
    }
)
_PUBLICATIONS: Final = "/api/algorithms/{owner}/{name}/publications"
WORKS: Final = {
    "POST /api/imports": Operation(
        "Make an algorithm out of a git repository",
        _IMPORT,
        body=object_of(
            {
                "owner?": TEXT,
                "name": TEXT,
                "url": TEXT,
                "ref?": TEXT,
                "environment?": TEXT,
                "contract?": _CONTRACT,
            }
        ),
        status=202,
        words="A public repository, by https; its newest files are taken. Location leads to the "
        "import, which can be followed there.",
    ),
    "PUT /api/imports/{owner}/{name}": Operation(
        "Make an algorithm out of a zip archive",
        _IMPORT,
        query=(
            Parameter("environment", "Such as python311; the first offered if left out"),
            Parameter("contract", "How its code is run; found by its files if left out"),
        ),
        status=202,
        takes=BYTES,
        body={"type": "string", "format": "binary"},
    ),
    "GET /api/imports/{import_id}": Operation("See how far an import is", _IMPORT),
    f"GET {_PUBLICATIONS}": Operation(
        "List publishes that were done by a task, newest first", paged(_PUBLICATION), query=PAGING
    ),
    f"POST {_PUBLICATIONS}": Operation(
        "Publish the newest build, and pass its gate, without waiting",
        _PUBLICATION,
        body=object_of(
            {
                "part?": or_null(one_of("major", "minor", "revision", "patch")),
                "callability?": or_null(one_of("private", "public")),
                "release_notes?": or_null(TEXT),
                "sample_input?": or_null(TEXT),
                "royalty_microcredits?": or_null(WHOLE),
                "network_access?": or_null(one_of("isolated", "full")),
                "may_call_others?": or_null(YES_OR_NO),
            }
        ),
        may_lack_body=True,
        status=202,
        words="Location leads to where it can be followed.",
    ),
    f"GET {_PUBLICATIONS}/{{publication_id}}": Operation("See how far a publish is", _PUBLICATION),
}
