"""The site's own addresses, described: algorithms, collections, keys, organizations."""

from __future__ import annotations

from typing import Final

from marketplace.api.describing import (
    BYTES,
    COMMIT,
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
from marketplace.reference.gates import GATES
from marketplace.reference.projects import PROJECTS
from marketplace.reference.reservations import RESERVATIONS
from marketplace.reference.works import WORKS

_ALGORITHM: Final[Shape] = object_of(
    {
        "id": ID,
        "path": TEXT,
        "label": TEXT,
        "tagline": TEXT,
        "is_public": YES_OR_NO,
        "environment": TEXT,
        "source_visibility": one_of("open", "closed"),
        "license": TEXT,
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "readme?": TEXT,
    }
)
_VERSION: Final[Shape] = object_of(
    {
        "version": TEXT,
        "is_public": YES_OR_NO,
        "commit": COMMIT,
        "royalty_microcredits": WHOLE,
        "network_access": TEXT,
        "may_call_others": YES_OR_NO,
        "keeps_insights": YES_OR_NO,
        "release_notes": TEXT,
        "sample_input": TEXT,
        "sample_output": TEXT,
        "created_at": MOMENT,
    }
)
_BUILD: Final[Shape] = object_of({"id": ID, "state": TEXT, "commit": COMMIT})
_COLLECTION: Final[Shape] = object_of(
    {
        "id": ID,
        "owner": TEXT,
        "name": TEXT,
        "uri": TEXT,
        "read_access": TEXT,
        "file_count": WHOLE,
        "size_bytes": WHOLE,
        "created_at": MOMENT,
    }
)
_FILE: Final[Shape] = object_of(
    {
        "name": TEXT,
        "uri": TEXT,
        "size_bytes": WHOLE,
        "content_type": TEXT,
        "sha256": TEXT,
        "md5": TEXT,
        "modified_at": MOMENT,
    }
)
_KEY: Final[Shape] = object_of(
    {
        "id": ID,
        "label": TEXT,
        "owner": TEXT,
        "mask": TEXT,
        "rights": list_of(TEXT),
        "created_at": MOMENT,
        "expires_at": or_null(MOMENT),
        "last_used_at": or_null(MOMENT),
        "secret?": TEXT,
    }
)
_ORGANIZATION: Final[Shape] = object_of(
    {
        "id": ID,
        "name": TEXT,
        "label": TEXT,
        "created_at": MOMENT,
        "members": list_of(object_of({"name": TEXT, "role": TEXT, "invited_as": TEXT})),
    }
)
_ABOUT: Final = {"label?": TEXT, "contact_name?": TEXT, "contact_email?": TEXT, "website?": TEXT}
_ACCESS: Final = one_of("public", "my_algorithms", "private", "sealed")
_MEMBER: Final = object_of({"name": TEXT, "role": TEXT})
_ROLE: Final = one_of("owner", "member", "executor")

_ONE: Final = "/api/algorithms/{owner}/{name}"
_SOURCE: Final = "/algorithms/{owner}/{name}/files/"
_ALGORITHMS: Final = {
    "GET /api/algorithms": Operation(
        "List the algorithms you may see",
        paged(_ALGORITHM),
        query=(*PAGING, Parameter("owner", "Only those of this owner")),
        is_for_all=True,
    ),
    f"GET {_ONE}": Operation("Look at an algorithm", _ALGORITHM, is_for_all=True),
    f"GET {_ONE}/versions": Operation(
        "List versions, newest first", paged(_VERSION), query=PAGING, is_for_all=True
    ),
    f"GET {_ONE}/builds": Operation("List builds, newest first", paged(_BUILD), query=PAGING),
    f"POST {_ONE}/builds": Operation(
        "Start a build",
        _BUILD,
        body=object_of({"commit?": TEXT}),
        may_lack_body=True,
        status=201,
        words="Answers at once; `/v1/…/compile` waits.",
    ),
    f"GET {_ONE}/builds/{{build_id}}": Operation("Look at a build", _BUILD),
    f"DELETE {_ONE}/builds/{{build_id}}": Operation("Cancel a build", _BUILD),
    f"GET {_ONE}/builds/{{build_id}}/log": Operation(
        "Read a log as it grows",
        TEXT,
        media=PLAIN,
        query=(Parameter("after", "How many characters you have already", WHOLE),),
        words="X-Log-Offset is where to go on, X-Build-State the state.",
    ),
    f"GET {_SOURCE}": Operation(
        "List the files of a commit",
        object_of({"commit": COMMIT, "files": list_of(object_of({"path": TEXT, "size": WHOLE}))}),
        query=(Parameter("commit", "Instead of the newest"),),
        is_for_all=True,
    ),
    f"POST {_SOURCE}": Operation(
        "Save files as one commit",
        object_of({"commit": COMMIT}),
        body=object_of(
            {
                "changes": object_of(
                    {}, description="Paths with their new text, or with null to remove"
                ),
                "parent?": or_null(TEXT),
                "message?": TEXT,
            }
        ),
    ),
}
_COLLECTIONS: Final = {
    "GET /api/collections": Operation(
        "List collections",
        paged(_COLLECTION),
        query=(*PAGING, Parameter("owner", "Of this owner")),
    ),
    "POST /api/collections": Operation(
        "Make a collection",
        _COLLECTION,
        body=object_of({"name": TEXT, "owner?": TEXT, "read_access?": _ACCESS}),
        status=201,
    ),
    "GET /api/collections/{owner}/{name}": Operation("Look at a collection", _COLLECTION),
    "PATCH /api/collections/{owner}/{name}": Operation(
        "Change who may read it", _COLLECTION, body=object_of({"read_access": _ACCESS})
    ),
    "DELETE /api/collections/{owner}/{name}": Operation(
        "Remove a collection",
        status=204,
        query=(Parameter("force", "true: with all its files"),),
    ),
    "GET /api/collections/{owner}/{name}/files": Operation(
        "List files", paged(_FILE), query=PAGING
    ),
}
_UPLOAD: Final[Shape] = object_of(
    {
        "id": ID,
        "path": TEXT,
        "size": WHOLE,
        "offset": {"type": "integer", "description": "The byte that is missing next"},
        "state": TEXT,
        "error": TEXT,
        "fingerprint": TEXT,
        "piece_bytes": WHOLE,
    }
)
_UPLOADS: Final = {
    "GET /api/uploads": Operation(
        "List uploads that can go on",
        object_of({"results": list_of(_UPLOAD)}),
        query=(Parameter("collection", "data://owner/name", is_needed=True),),
    ),
    "POST /api/uploads": Operation(
        "Begin an upload in pieces",
        _UPLOAD,
        status=201,
        body=object_of(
            {
                "path": TEXT,
                "size": {"type": "integer", "minimum": 0},
                "sha256?": TEXT,
                "content_type?": TEXT,
                "fingerprint?": TEXT,
            }
        ),
    ),
    "GET /api/uploads/{upload_id}": Operation("Ask how far an upload is", _UPLOAD),
    "PATCH /api/uploads/{upload_id}": Operation(
        "Send a piece",
        _UPLOAD,
        body={"type": "string", "format": "binary"},
        takes=BYTES,
        others={409: object_of({"error": object_of({"message": TEXT}), "offset?": WHOLE})},
        words="Upload-Offset says where it begins, Upload-Checksum may hold its SHA-256.",
    ),
    "DELETE /api/uploads/{upload_id}": Operation("Give an upload up", status=204),
}
_PEOPLE: Final = {
    "GET /api/me": Operation(
        "Ask whose credential this is, and what it may do",
        object_of(
            {
                "name": TEXT,
                "id": ID,
                "is_staff": YES_OR_NO,
                "scopes": list_of(TEXT),
                "key": or_null(TEXT),
                "organizations": list_of(_MEMBER),
            }
        ),
    ),
    "GET /api/keys": Operation(
        "List your keys",
        object_of({"results": list_of(_KEY)}),
        query=(Parameter("owner", "Or those of an organization"),),
    ),
    "POST /api/keys": Operation(
        "Make a key",
        _KEY,
        status=201,
        body=object_of(
            {
                "label": {"type": "string", "minLength": 1, "maxLength": 100},
                "owner?": TEXT,
                "algorithm_access?": one_of("full", "restricted", "none"),
                "algorithm_patterns?": list_of(TEXT),
                "may_manage?": YES_OR_NO,
                "data_access?": one_of("none", "read", "read_write"),
                "from_native?": YES_OR_NO,
                "from_web?": YES_OR_NO,
                "web_origin?": TEXT,
                "expires_at?": or_null(MOMENT),
            }
        ),
    ),
    "DELETE /api/keys/{key_id}": Operation("Revoke a key", status=204),
    "GET /api/organizations": Operation(
        "List your organizations",
        object_of({"results": list_of(_ORGANIZATION)}),
        is_for_all=True,
    ),
    "POST /api/organizations": Operation(
        "Make an organization",
        _ORGANIZATION,
        body=object_of({"name": TEXT, **_ABOUT}),
        status=201,
    ),
    "GET /api/organizations/{name}": Operation("Look at an organization", _ORGANIZATION),
    "PUT /api/organizations/{name}": Operation(
        "Change an organization", _ORGANIZATION, body=object_of(_ABOUT)
    ),
    "PUT /api/organizations/{name}/members/{username}": Operation(
        "Invite somebody, or change a role",
        _MEMBER,
        body=object_of({"role?": _ROLE}),
        may_lack_body=True,
    ),
    "DELETE /api/organizations/{name}/members/{username}": Operation("Remove a member", status=204),
    "POST /api/organizations/{name}/answer": Operation(
        "Accept or decline an invitation, or leave",
        _MEMBER,
        body=object_of({"answer": one_of("accept", "decline", "leave")}),
        others={204: None},
    ),
}

_DOCUMENT: Final = {
    "GET /v1/openapispec": Operation("Fetch this document", object_of({}), is_for_all=True),
    "GET /api/openapi.json": Operation("Fetch this document", object_of({}), is_for_all=True),
}
NATIVE: Final[dict[str, Operation]] = (
    _ALGORITHMS
    | GATES
    | WORKS
    | PROJECTS
    | RESERVATIONS
    | _COLLECTIONS
    | _UPLOADS
    | _PEOPLE
    | _DOCUMENT
)
