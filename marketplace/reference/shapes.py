"""Shapes with a name: what algorithms, builds, people and errors look like on the wire."""

from __future__ import annotations

from typing import Final

from marketplace.api.describing import (
    ANYTHING,
    COMMIT,
    ID,
    MOMENT,
    NUMBER,
    TEXT,
    WHOLE,
    YES_OR_NO,
    Shape,
    list_of,
    object_of,
    one_of,
    or_null,
    ref,
)
from marketplace.reference.connectors import CONNECTOR_SHAPES

_SETTINGS: Final = {
    "algorithm_callability?": one_of("private", "public"),
    "source_visibility?": one_of("open", "closed"),
    "license?": one_of("apl", "apache2", "gpl3", "mit"),
    "network_access?": one_of("full", "isolated"),
    "pipeline_enabled?": YES_OR_NO,
    "royalty_microcredits?": {"type": "integer", "minimum": 0},
    "algorithm_environment?": TEXT,
    "environment?": TEXT,
    "language?": TEXT,
    "package_set?": TEXT,
    "insights_enabled?": YES_OR_NO,
}
_DETAILS: Final = {"label?": TEXT, "summary?": TEXT, "tagline?": TEXT}

_ERRORS: Final[dict[str, Shape]] = {
    "Error": {
        "description": "Why it was refused; an unknown algorithm is told in one word of text.",
        **object_of(
            {
                "error": {
                    "anyOf": [
                        {"type": "string", "const": "No such algorithm"},
                        object_of(
                            {
                                "code?": {"type": "integer", "description": "Algorithmia's number"},
                                "message": TEXT,
                                "id?": ID,
                            }
                        ),
                    ]
                }
            }
        ),
    },
    "CallError": object_of(
        {
            "error": object_of(
                {"message": TEXT, "error_type?": TEXT, "stacktrace?": TEXT, "stack_trace?": TEXT}
            ),
            "metadata?": ref("CallMetadata"),
        }
    ),
}

_STATUS: Final = one_of("queued", "running", "cancelling", "done", "cancelled")
_CALLS: Final[dict[str, Shape]] = {
    "CallMetadata": object_of(
        {
            "content_type": one_of("text", "json", "binary", "void"),
            "duration": {"type": "number", "description": "Seconds in the algorithm"},
            "request_id?": TEXT,
            "stdout?": TEXT,
            "cold?": YES_OR_NO,
            "timings?": object_of({}, additionalProperties=NUMBER),
            "version?": TEXT,
        }
    ),
    "CallResult": object_of({"result": ANYTHING, "metadata": ref("CallMetadata")}),
    "CallAccepted": object_of(
        {"async": TEXT, "async_protocol": TEXT, "request_id": TEXT},
        description="To output=void: the result can be fetched from /v1/requests/{request_id}.",
    ),
    "RequestEvent": object_of(
        {
            "request_id": TEXT,
            "status": _STATUS,
            "number": {"type": "integer", "description": "Rises with each state"},
            "phase": or_null(one_of("queued", "starting", "loading", "running")),
            "progress": or_null({"type": "number", "minimum": 0, "maximum": 1}),
            "output": or_null(
                object_of({"content_type": one_of("text", "json", "binary"), "value": ANYTHING})
            ),
            "stdout": {"type": "string", "description": "The end of it, for its owner only"},
        }
    ),
    "Request": object_of(
        {
            "request_id": TEXT,
            "status": _STATUS,
            "created_at": MOMENT,
            "expires_at": MOMENT,
            "finished_at?": or_null(MOMENT),
            "result?": ANYTHING,
            "error?": ANYTHING,
            "metadata?": ref("CallMetadata"),
        }
    ),
}

_ALGORITHMS: Final[dict[str, Shape]] = {
    "Algorithm": object_of(
        {
            "id": ID,
            "name": TEXT,
            "details": object_of({"label": TEXT, "summary": TEXT, "tagline": TEXT}),
            "settings": object_of(_SETTINGS),
            "version_info": object_of(
                {
                    "semantic_version?": TEXT,
                    "git_hash?": COMMIT,
                    "release_notes?": TEXT,
                    "sample_input?": TEXT,
                    "sample_output?": TEXT,
                    "version_uuid?": ID,
                }
            ),
            "build?": ref("Build"),
            "compilation?": object_of({"successful": YES_OR_NO, "output?": TEXT}),
            "source": object_of(
                {
                    "scm": ref("RepositoryHost"),
                    "repository_name": TEXT,
                    "repository_owner": TEXT,
                    "repository_https_url": TEXT,
                }
            ),
            "self_link": TEXT,
            "resource_type": one_of("algorithm"),
        }
    ),
    "NewAlgorithm": object_of(
        {
            "name": {"type": "string", "pattern": "^[a-zA-Z][a-zA-Z0-9_]*$", "maxLength": 30},
            "details": object_of({"label": TEXT, "summary?": TEXT, "tagline?": TEXT}),
            "settings": object_of(
                _SETTINGS,
                required=["source_visibility", "license", "network_access", "pipeline_enabled"],
            ),
            "version_info?": object_of({"sample_input?": TEXT}),
            "source?": object_of({"scm?": TEXT, "initial_commit_message?": TEXT}),
        }
    ),
    "AlgorithmChanges": object_of(
        {
            "details?": object_of(_DETAILS),
            "settings?": object_of(_SETTINGS),
            "version_info?": object_of({"sample_input?": TEXT}),
        }
    ),
    "Publication": object_of(
        {
            "details?": object_of(_DETAILS),
            "settings?": object_of(_SETTINGS),
            "version_info?": object_of(
                {
                    "version_type?": one_of("major", "minor", "revision"),
                    "semantic_version?": TEXT,
                    "git_hash?": TEXT,
                    "release_notes?": TEXT,
                    "sample_input?": TEXT,
                }
            ),
        }
    ),
    "AlgorithmName": object_of({"id": ID, "algoname": TEXT, "username": TEXT}),
    "Build": object_of(
        {
            "build_id": ID,
            "status": one_of("in-progress", "succeeded", "failed"),
            "commit_sha": COMMIT,
            "started_at": MOMENT,
            "finished_at?": MOMENT,
            "version_info?": object_of({"semantic_version": TEXT}),
            "resource_type": one_of("algorithm_build"),
        }
    ),
    "Commit": object_of({"id": COMMIT, "short_message": TEXT, "message": TEXT, "author": TEXT}),
    "Failure": object_of(
        {
            "created_at": {"type": "integer", "description": "Milliseconds since 1970"},
            "request_id": TEXT,
            "username": TEXT,
            "algoname": TEXT,
            "algoversion": TEXT,
            "operation": {"type": "string", "description": "Where the version has several"},
            "input": TEXT,
            "error": TEXT,
            "error_type": TEXT,
            "billable_to": TEXT,
            "worker": TEXT,
        }
    ),
    "Secret": object_of(
        {
            "id": ID,
            "short_name": TEXT,
            "description": TEXT,
            "owner_type": one_of("algorithm"),
            "owner_id": ID,
            "secret_key": TEXT,
            "provider_id": TEXT,
            "created": MOMENT,
            "modified": MOMENT,
        }
    ),
    "SecretChanges": object_of(
        {
            "short_name?": TEXT,
            "secret_key?": TEXT,
            "secret_value?": TEXT,
            "description?": TEXT,
            "provider_id?": TEXT,
        }
    ),
    "SecretProvider": object_of(
        {"id": TEXT, "name": TEXT, "isEnabled": YES_OR_NO, "isDefault": YES_OR_NO}
    ),
}

_PLACES: Final[dict[str, Shape]] = {
    "RepositoryHost": object_of(
        {"id": TEXT, "provider": TEXT, "default": YES_OR_NO, "enabled": YES_OR_NO, "name?": TEXT}
    ),
    "Language": object_of({"name": TEXT, "display_name": TEXT, "configuration": TEXT}),
    "Environment": object_of(
        {
            "id": ID,
            "environment_specification_id": ID,
            "display_name": TEXT,
            "description": TEXT,
            "created_at": MOMENT,
            "language": ref("Language"),
            "machine_type": one_of("CPU", "GPU"),
            "machine": TEXT,
            "state": one_of("offered", "deprecated", "retired"),
            "notice": TEXT,
            "notice_on": or_null({"type": "string", "format": "date"}),
            "successor_id": or_null(ID),
        }
    ),
    "Folder": object_of(
        {
            "folders?": list_of(object_of({"name": TEXT})),
            "files?": list_of(
                object_of({"filename": TEXT, "last_modified": MOMENT, "size": WHOLE})
            ),
            "marker?": TEXT,
            "acl?": ref("Access"),
        }
    ),
    "Access": object_of(
        {"read": list_of(TEXT)},
        description='["user://*"] public, ["algo://.my/*"] my algorithms, [] private',
    ),
    "Stored": object_of({"result": TEXT}),
    "Deleted": object_of({"result": object_of({"deleted": WHOLE})}),
}

_PEOPLE: Final[dict[str, Shape]] = {
    "User": object_of(
        {
            "id": ID,
            "username": TEXT,
            "email": TEXT,
            "fullname": TEXT,
            "company_name": TEXT,
            "company_role": TEXT,
            "self_link": TEXT,
            "resource_type": one_of("user"),
        }
    ),
    "Organization": object_of(
        {
            "id": ID,
            "org_name": TEXT,
            "org_label": TEXT,
            "org_contact_name": TEXT,
            "org_email": TEXT,
            "org_url": TEXT,
            "type_id": TEXT,
            "owner_ids": list_of(ID),
            "resource_type": one_of("organization"),
        }
    ),
    "OrganizationChanges": object_of(
        {
            "org_name?": TEXT,
            "org_label?": TEXT,
            "org_contact_name?": TEXT,
            "org_email?": TEXT,
            "org_url?": TEXT,
            "type_id?": TEXT,
        }
    ),
    "Member": object_of(
        {
            "username": TEXT,
            "role": TEXT,
            "user_link": TEXT,
            "resource_type": one_of("organization_member"),
        }
    ),
    "Permissions": object_of(
        {
            "allow_algo?": YES_OR_NO,
            "allow_web_algo?": YES_OR_NO,
            "referer_host?": or_null(TEXT),
            "allow_algo_management?": YES_OR_NO,
            "algo_acl?": list_of(TEXT),
            "allow_data?": YES_OR_NO,
            "allow_data_write?": YES_OR_NO,
        }
    ),
    "Key": object_of(
        {
            "username": TEXT,
            "key_label": TEXT,
            "created_at": MOMENT,
            "api_key_mask": TEXT,
            "api_key?": or_null(TEXT),
            "key_type": TEXT,
            "permissions": ref("Permissions"),
            "owner_name": TEXT,
        }
    ),
    "NewKey": object_of(
        {
            "key_label": {"type": "string", "minLength": 1, "maxLength": 100},
            "key_type?": one_of("AlgorithmKey", "ManagementKey", "PlatformAdminKey"),
            "permissions?": ref("Permissions"),
        }
    ),
    "Invite": object_of(
        {
            "inviteCode": TEXT,
            "signupCredits": WHOLE,
            "comments": TEXT,
            "expiresAt": or_null(MOMENT),
            "createdAt": MOMENT,
            "createdBy": TEXT,
        }
    ),
    "Notification": object_of(
        {
            "notification_id": TEXT,
            "notification_type": TEXT,
            "created_at": MOMENT,
            "read_at": or_null(MOMENT),
            "notification_context": object_of({"title": TEXT, "body": TEXT, "url": TEXT}),
        }
    ),
    "Usage": object_of(
        {
            "results": list_of(
                object_of(
                    {
                        "total_calls": WHOLE,
                        "total_errors": WHOLE,
                        "total_error_duration": NUMBER,
                        "total_duration": NUMBER,
                        "caller?": TEXT,
                        "algorithm_called?": TEXT,
                        "algorithm_owner?": TEXT,
                        "algorithm_version?": TEXT,
                    }
                )
            ),
            "next_marker": or_null(TEXT),
        }
    ),
}

SHAPES: Final[dict[str, Shape]] = (
    _ERRORS | _CALLS | _ALGORITHMS | _PLACES | _PEOPLE | CONNECTOR_SHAPES
)
