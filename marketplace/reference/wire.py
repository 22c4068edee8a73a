"""The predecessor's addresses, described: algorithms, environments, people, administration."""

from __future__ import annotations

from typing import Final

from marketplace.api.describing import (
    PAGING,
    TEXT,
    WHOLE,
    YES_OR_NO,
    Operation,
    Parameter,
    list_of,
    object_of,
    one_of,
    paged,
    ref,
)

_ONE: Final = {
    "GET": Operation(
        "Look at an algorithm",
        ref("Algorithm"),
        is_for_all=True,
        words="At its newest version that you may know; before the first, at its last build.",
    ),
    "PUT": Operation(
        "Change an algorithm",
        ref("Algorithm"),
        body=ref("AlgorithmChanges"),
        may_lack_body=True,
        words="What the body names changes; callers of versions get it with the next publish.",
    ),
    "DELETE": Operation("Delete an algorithm that was never public", status=204),
}
_PUBLISH: Final = Operation(
    "Publish the newest successful build",
    ref("Algorithm"),
    body=ref("Publication"),
    may_lack_body=True,
    words="Runs the sample input, which must work. 400 with code 1007 if there is no new build.",
)
_VERSIONS: Final = {
    "GET": Operation(
        "List versions and successful builds, newest first",
        paged(ref("Algorithm")),
        is_for_all=True,
        query=(
            *PAGING,
            Parameter("published", "Only those with a number, or only those without", YES_OR_NO),
            Parameter("callable", "Only those everybody may call, or only the others", YES_OR_NO),
        ),
    ),
    "POST": _PUBLISH,
}
_BELOW: Final[dict[str, dict[str, Operation]]] = {
    "": _ONE,
    "/compile": {
        "POST": Operation(
            "Build and wait until the build has ended",
            ref("Algorithm"),
            body=object_of({"commitSha?": TEXT}),
            may_lack_body=True,
        )
    },
    "/builds": {"GET": Operation("List builds, newest first", paged(ref("Build")), query=PAGING)},
    "/builds/{build_id}": {"GET": Operation("Look at a build", ref("Build"))},
    "/builds/{build_id}/logs": {
        "GET": Operation("Read the log of a build that has ended", object_of({"logs": TEXT}))
    },
    "/versions": _VERSIONS,
    "/version": _VERSIONS,
    "/versions/{version}": {
        "GET": Operation("Find a version by commit or number", ref("Algorithm"), is_for_all=True)
    },
    "/versions/{version}/registry": {
        "GET": Operation("Not here: images are not pushed out", {}),
        "POST": Operation("Not here: images are not pushed out", {}),
    },
    "/log": {
        "GET": Operation(
            "List commits",
            object_of({"commits": list_of(ref("Commit"))}),
            is_for_all=True,
            query=(
                Parameter("since", "The oldest commit wanted"),
                Parameter("until", "The newest commit wanted"),
            ),
        )
    },
    "/scm/status": {
        "GET": Operation(
            "Ask how the repository is",
            object_of({"scm_connection_status": one_of("active")}),
        )
    },
    "/scm/webhook": {
        "GET": Operation("Not here: a push builds by itself", {}),
        "POST": Operation("Not here: a push builds by itself", {}),
    },
    "/errors": {"GET": Operation("List calls that failed lately", list_of(ref("Failure")))},
    "/collections/{collection_id}": {
        "POST": Operation("Choose the collection that is .algo/default inside", status=204)
    },
    "/secrets": {
        "GET": Operation(
            "List secrets, without their values",
            object_of({"secrets": list_of(ref("Secret")), "results": list_of(ref("Secret"))}),
        ),
        "POST": Operation("Set a new secret", ref("Secret"), body=ref("SecretChanges"), status=201),
    },
    "/secrets/{secret_id}": {
        "PUT": Operation("Change a secret", ref("Secret"), body=ref("SecretChanges")),
        "DELETE": Operation("Remove a secret", status=204),
    },
}
_ALGORITHMS: Final = {
    f"{method} /v1/algorithms/{place}{rest}": operation
    for place in ("{owner}/{name}", "{algorithm_id}")
    for rest, methods in _BELOW.items()
    for method, operation in methods.items()
} | {
    "POST /v1/algorithms/{owner}": Operation(
        "Create an algorithm", ref("Algorithm"), body=ref("NewAlgorithm"), status=201
    ),
    "GET /v1/users/{owner}/algorithms": Operation(
        "List the algorithms of an owner", list_of(ref("AlgorithmName")), is_for_all=True
    ),
    "GET /v1/secret-provider": Operation(
        "List where secrets are kept", list_of(ref("SecretProvider"))
    ),
    "GET /v1/requests/{request_id}": Operation(
        "Fetch the result of a call that nobody waited for", ref("Request")
    ),
    "POST /v1/requests/{request_id}/cancel": Operation(
        "Cancel a call that nobody waits for",
        ref("Request"),
        words=(
            "It ends at once if it has not begun, else as soon as its code or its sandbox is ended: "
            "until then its status is cancelling. Asking again does no harm; a call that has ended "
            "otherwise answers 409."
        ),
    ),
    "GET /v1/requests/{request_id}/events": Operation(
        "Follow a call that nobody waits for",
        ref("RequestEvent"),
        words=(
            "With Accept: text/event-stream, news come as they happen: events `news`, each with "
            "the whole state as here, and one `end`. Otherwise the state is answered once it is "
            "newer than `after`, or when `wait` seconds are over."
        ),
        query=(
            Parameter("after", "The number of the state that is known", WHOLE),
            Parameter("wait", "Seconds, 60 at most", {"type": "number", "minimum": 0}),
        ),
    ),
}

_EDGE: Final = "/v1/algorithm-environments/edge"
_ENVIRONMENTS: Final = {
    f"GET {_EDGE}/languages": Operation(
        "List languages", list_of(ref("Language")), is_for_all=True
    ),
    f"GET {_EDGE}/languages/{{language}}/environments": Operation(
        "List the environments of a language",
        object_of({"environments": list_of(ref("Environment"))}),
        is_for_all=True,
    ),
    f"GET {_EDGE}/environments/available": Operation(
        "List all environments of the runners", list_of(ref("Environment"))
    ),
    f"GET {_EDGE}/environment-specifications/{{specification_id}}/template": Operation(
        "Fetch what a new algorithm starts from",
        {"type": "string", "format": "binary"},
        media="application/gzip",
        is_for_all=True,
    ),
    f"POST {_EDGE}/environment-specifications/{{specification_id}}/syncs": Operation(
        "Offer a language and version again",
        object_of({"environments": list_of(ref("Environment"))}),
    ),
    f"DELETE {_EDGE}/environment-specifications/{{specification_id}}": Operation(
        "Retire a language and version",
        status=204,
        words="Nothing new is built on it; what was built and published goes on running.",
    ),
    "GET /v1/scms": Operation(
        "List repository hosts",
        object_of({"results": list_of(ref("RepositoryHost"))}),
        is_for_all=True,
    ),
    "GET /v1/scms/{scm_id}": Operation(
        "Look at a repository host", ref("RepositoryHost"), is_for_all=True
    ),
    "GET /v1/scms/{scm_id}/oauth/status": Operation(
        "Ask whether you have authorized a repository host",
        object_of({"authorization_status": one_of("authorized", "unauthorized")}),
        is_for_all=True,
    ),
    "POST /v1/scms/{scm_id}/oauth/revoke": Operation(
        "Withdraw an authorization", status=204, is_for_all=True
    ),
}

_KEYS: Final = {
    "GET": Operation(
        "List keys, without their values",
        list_of(ref("Key")),
        words="For a browser session only; no key lists or makes keys.",
    ),
    "POST": Operation(
        "Make a key", ref("Key"), body=ref("NewKey"), words="Its value is in this answer only."
    ),
}
_USERS: Final = {
    "GET /v1/users": Operation("List all accounts", paged(ref("User")), query=PAGING),
    "POST /v1/users": Operation(
        "Make an account",
        ref("User"),
        body=object_of(
            {
                "username": TEXT,
                "email": TEXT,
                "fullname?": TEXT,
                "company_name?": TEXT,
                "company_role?": TEXT,
            }
        ),
    ),
    "GET /v1/users/{reference}": Operation("Look at an account", ref("User")),
    "PUT /v1/users/{reference}": Operation(
        "Correct an account",
        ref("User"),
        body=object_of(
            {
                "username": TEXT,
                "email": TEXT,
                "fullname": TEXT,
                "company_name?": TEXT,
                "company_role?": TEXT,
            }
        ),
    ),
    "DELETE /v1/users/{reference}": Operation("Close an account", status=204),
    "GET /v1/users/{reference}/errors": Operation(
        "List failures of an owner's calls and algorithms",
        list_of(ref("Failure")),
        is_for_all=True,
    ),
    "GET /v1/users/{reference}/keys": _KEYS["GET"],
    "POST /v1/users/{reference}/keys": _KEYS["POST"],
    "GET /v1/users/{user_id}/notifications": Operation(
        "Read what you were told",
        list_of(ref("Notification")),
        query=(
            Parameter("event_types", "Only these kinds, with commas between them"),
            Parameter("since", "Only after this moment", {"type": "string", "format": "date"}),
            PAGING[0],
        ),
    ),
}
_ORGANIZATIONS: Final = {
    "GET /v1/organization/types": Operation(
        "List the types of organizations", list_of(object_of({"id": TEXT, "name": TEXT}))
    ),
    "GET /v1/organizations": Operation(
        "List all organizations", paged(ref("Organization")), query=PAGING
    ),
    "POST /v1/organizations": Operation(
        "Make an organization",
        ref("Organization"),
        body={
            "allOf": [
                ref("OrganizationChanges"),
                object_of({"org_name": {"type": "string", "minLength": 1}}),
            ]
        },
    ),
    "GET /v1/organizations/{name}": Operation("Look at an organization", ref("Organization")),
    "PUT /v1/organizations/{name}": Operation(
        "Change an organization", body=ref("OrganizationChanges"), status=204
    ),
    "DELETE /v1/organizations/{name}": Operation("Close an organization", status=204),
    "GET /v1/organizations/{name}/members": Operation(
        "List members", paged(ref("Member")), query=PAGING
    ),
    "PUT /v1/organizations/{name}/members/{username}": Operation(
        "Invite somebody, or change a role",
        body=object_of({"role?": one_of("owner", "member", "executor")}),
        may_lack_body=True,
    ),
    "DELETE /v1/organizations/{name}/members/{username}": Operation("Remove a member", status=204),
    "GET /v1/organizations/{name}/keys": _KEYS["GET"],
    "POST /v1/organizations/{name}/keys": _KEYS["POST"],
    "GET /v1/organizations/{name}/errors": Operation(
        "List failures of an organization's calls and algorithms",
        list_of(ref("Failure")),
        is_for_all=True,
    ),
}

_PERIOD: Final = (
    Parameter("start_date", "From here on", {"type": "string", "format": "date"}, is_needed=True),
    Parameter("end_date", "Up to here", {"type": "string", "format": "date"}, is_needed=True),
    Parameter("user", "Only calls of these", list_of(TEXT)),
    Parameter("page_size", "How many rows", {"type": "integer", "minimum": 1, "maximum": 1000}),
    Parameter("marker", "next_marker of the report before"),
)
_ADMINISTRATION: Final = {
    "GET /v1/admin/invites": Operation("List invitation codes", list_of(ref("Invite"))),
    "POST /v1/admin/invites": Operation(
        "Make an invitation code",
        ref("Invite"),
        body=object_of({"inviteCode?": TEXT, "comments?": TEXT, "expiresAt?": TEXT}),
        may_lack_body=True,
    ),
    "DELETE /v1/admin/invites/{code}": Operation("End an invitation code", status=204),
    "POST /v1/admin/users/{reference}/keys": Operation(
        "Make a key for somebody",
        ref("Key"),
        body={"allOf": [ref("NewKey"), object_of({"api_key?": TEXT})]},
    ),
    **{
        f"GET /v1/admin/usage{rest}": Operation(f"Report usage {how}", ref("Usage"), query=_PERIOD)
        for rest, how in {
            "": "by algorithm, version and caller",
            "/algorithms": "by algorithm",
            "/users": "by caller",
        }.items()
    },
}

WIRE: Final[dict[str, Operation]] = (
    _ALGORITHMS | _ENVIRONMENTS | _USERS | _ORGANIZATIONS | _ADMINISTRATION
)
