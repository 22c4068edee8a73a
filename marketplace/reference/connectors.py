"""Stores elsewhere: their addresses, and what a connector looks like."""

from __future__ import annotations

from typing import Final

from marketplace.api.describing import (
    ID,
    MOMENT,
    TEXT,
    YES_OR_NO,
    Operation,
    Shape,
    list_of,
    object_of,
    one_of,
    ref,
)

CONNECTORS: Final = {
    "GET /v1/users/{username}/connectors": Operation(
        "List connected stores", object_of({"results": list_of(ref("Connector"))})
    ),
    "POST /v1/users/{username}/connectors": Operation(
        "Connect a store elsewhere",
        ref("Connector"),
        body=ref("NewConnector"),
        words="What cred_data holds depends on the protocol; it is kept sealed and never shown.",
    ),
    "GET /v1/users/{username}/connectors/{connector_id}": Operation(
        "Look at a connected store", ref("Connector")
    ),
    "PUT /v1/users/{username}/connectors/{connector_id}": Operation(
        "Change what the body names", ref("Connector"), body=ref("ChangedConnector")
    ),
    "DELETE /v1/users/{username}/connectors/{connector_id}": Operation(
        "Cut a store off", status=204
    ),
}

_SAID: Final[dict[str, Shape]] = {
    "label?": TEXT,
    "is_default?": YES_OR_NO,
    "endpoint?": TEXT,
    "region?": TEXT,
    "path?": TEXT,
    "writeable?": YES_OR_NO,
    "algorithms?": one_of("any", "own", "none"),
}
_PROTOCOL: Final = one_of("s3", "gs", "azureblob", "dropbox")
CONNECTOR_SHAPES: Final[dict[str, Shape]] = {
    "NewConnector": object_of(
        {
            "protocol": _PROTOCOL,
            "cred_type?": one_of("iam", "serviceaccount", "sas", "oauth"),
            "cred_data": object_of({}),
            **_SAID,
        }
    ),
    "ChangedConnector": object_of({"cred_data?": object_of({}), **_SAID}),
    "Connector": object_of(
        {
            "connector_id": TEXT,
            "id": ID,
            "username": TEXT,
            "protocol": _PROTOCOL,
            **{name.rstrip("?"): shape for name, shape in _SAID.items()},
            "permissions": list_of(one_of("read", "write")),
            "created_at": MOMENT,
        }
    ),
}
