"""What browsers may load and where forms may lead: nothing of others, but Stripe's own pages."""

from __future__ import annotations

from typing import Any, Final

from csp.constants import NONCE

_STRIPE: Final = [f"https://{name}.stripe.com" for name in ("checkout", "billing", "connect")]


def content(*, takes_payments: bool) -> dict[str, Any]:
    """The content security policy, as django-csp takes it."""
    return {
        "DIRECTIVES": {
            "default-src": ["'self'"],
            "script-src": ["'self'", NONCE],
            "img-src": ["'self'", "data:", "blob:"],
            "media-src": ["'self'", "data:", "blob:"],
            "style-src": ["'self'", "'unsafe-inline'"],  # CodeMirror makes its sheet at run time
            "connect-src": ["'self'", "ws:", "wss:"],
            "object-src": ["'none'"],
            "base-uri": ["'none'"],
            # browsers also judge where a form's answer leads to
            "form-action": ["'self'", *(_STRIPE if takes_payments else ())],
            "frame-ancestors": ["'none'"],
        },
    }
