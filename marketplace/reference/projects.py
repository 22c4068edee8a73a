"""Projects and their services, described: registered, put online, read, taken offline."""

from __future__ import annotations

from typing import Final

from marketplace.api.describing import (
    ID,
    MOMENT,
    PAGING,
    PLAIN,
    TEXT,
    WHOLE,
    YES_OR_NO,
    Operation,
    Parameter,
    Shape,
    list_of,
    object_of,
    one_of,
    or_null,
    paged,
)

_PROJECT: Final[Shape] = object_of(
    {
        "id": ID,
        "path": TEXT,
        "owner": TEXT,
        "name": TEXT,
        "tagline": TEXT,
        "description": TEXT,
        "is_public": YES_OR_NO,
        "groups": list_of(TEXT),
        "created_at": MOMENT,
    }
)
_STATE: Final = one_of("registered", "building", "starting", "online", "failed", "offline")
_LAUNCH: Final[Shape] = object_of(
    {
        "number": WHOLE,
        "state": _STATE,
        "reason": TEXT,
        "rate_microcredits": WHOLE,
        "kept_ms": WHOLE,
        "charged": WHOLE,
        "crashes": WHOLE,
        "created_at": MOMENT,
        "online_at": or_null(MOMENT),
        "ended_at": or_null(MOMENT),
    }
)
_OPTIONS: Final = object_of({}, description="What setup is given, by the names of its options")
_SERVICE: Final[Shape] = object_of(
    {
        "id": ID,
        "name": TEXT,
        "group": TEXT,
        "algorithm": TEXT,
        "version": or_null(TEXT),
        "address": TEXT,
        "state": _STATE,
        "created_at": MOMENT,
        "port?": WHOLE,
        "options?": _OPTIONS,
        "launch?": or_null(_LAUNCH),
    }
)
_WANTED: Final = {
    "group?": TEXT,
    "version?": or_null(TEXT),
    "port?": or_null(WHOLE),
    "options?": or_null(_OPTIONS),
}
_ONE: Final = "/api/projects/{owner}/{project}"
_THE_SERVICE: Final = f"{_ONE}/services/{{service}}"
PROJECTS: Final[dict[str, Operation]] = {
    "GET /api/projects": Operation(
        "List the projects you may see",
        paged(_PROJECT),
        query=(*PAGING, Parameter("owner", "Only those of this owner")),
        is_for_all=True,
    ),
    "POST /api/projects": Operation(
        "Begin a project",
        _PROJECT,
        body=object_of({"name": TEXT, "owner?": TEXT, "tagline?": TEXT, "description?": TEXT}),
        status=201,
    ),
    f"GET {_ONE}": Operation("Look at a project", _PROJECT, is_for_all=True),
    f"PATCH {_ONE}": Operation(
        "Change a project",
        _PROJECT,
        body=object_of({"tagline?": TEXT, "description?": TEXT, "is_public?": YES_OR_NO}),
    ),
    f"DELETE {_ONE}": Operation("Remove a project whose services are offline", status=204),
    f"GET {_ONE}/services": Operation(
        "List the services of a project", paged(_SERVICE), query=PAGING, is_for_all=True
    ),
    f"POST {_ONE}/services": Operation(
        "Register a service",
        _SERVICE,
        body=object_of({"name": TEXT, "algorithm": TEXT, **_WANTED}),
        status=201,
    ),
    f"GET {_THE_SERVICE}": Operation("Look at a service", _SERVICE, is_for_all=True),
    f"PATCH {_THE_SERVICE}": Operation(
        "Change what the next launch is made of",
        _SERVICE,
        body=object_of({"name?": TEXT, "algorithm?": TEXT, **_WANTED}),
    ),
    f"DELETE {_THE_SERVICE}": Operation("Remove a service that is offline", status=204),
    f"POST {_THE_SERVICE}/online": Operation(
        "Put a service online",
        _SERVICE,
        status=202,
        words="Answers at once; the state says how far it is. Its owner pays for the waiting.",
    ),
    f"DELETE {_THE_SERVICE}/online": Operation("Take a service offline", _SERVICE),
    f"GET {_THE_SERVICE}/log": Operation(
        "Read the log of its latest launch as it grows",
        TEXT,
        media=PLAIN,
        query=(Parameter("after", "How many characters you have already", WHOLE),),
        words="X-Log-Offset is where to go on, X-Service-State the state.",
    ),
}
