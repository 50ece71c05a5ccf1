"""The page that asks once more who someone is, before a step that was asked for is taken."""

from __future__ import annotations

from typing import cast

from fastapi import Request
from fastapi.responses import Response

from app.intake.people import passkeys, web_proving
from app.runtime import Runtime


def proof_page(request: Request, status: int) -> Response:
    """The form that was sent, with all it held and a field for a proof; sent again it goes on to its route."""
    rt = cast(Runtime, request.app.state.runtime)
    waiting = cast(web_proving.Unproven, request.state.unproven)
    return rt.templates.page(
        request,
        "people/prove_again.html",
        status=status,
        action=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        held=waiting.held,
        error=waiting.error,
        password_field=web_proving.PASSWORD,
        passkey_field=web_proving.PASSKEY,
        passkeys=passkeys.available(rt.settings.public_url),
        provider=rt.identity_provider.label if rt.identity_provider else "",
    )
