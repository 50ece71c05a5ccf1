"""What a citation says of this server: whose figures, what was imported, at which address."""

from __future__ import annotations

from urllib.parse import urljoin

from fastapi import Request

from app.figures.trends import service
from app.runtime import Runtime
from app.screens.trends import view


def source_of(rt: Runtime, release: str = "") -> view.Source:
    """Whose figures these are."""
    with rt.read() as session:
        imported = tuple(service.imported_sources(session))
    return view.Source(rt.settings.name, rt.settings.release_licence, imported, release)


def whole_address(rt: Runtime, request: Request, path: str) -> str:
    """A link that opens elsewhere too: by the address that was set, else by the one this page was read at."""
    base = rt.settings.public_url if "public_url" in rt.settings.model_fields_set else str(request.base_url)
    return urljoin(base.rstrip("/") + "/", path.removeprefix("/"))
