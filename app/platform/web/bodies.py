"""What routes that take or give a file share: how the API describes it, the file's name, the bytes a form brings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any, BinaryIO

from anyio import to_thread
from fastapi import Query, Request, UploadFile
from fastapi.responses import Response

from app.platform.kernel.errors import Invalid
from app.platform.storage import BlobStore, Held
from app.platform.web.etags import etag

FileName = Annotated[str, Query(max_length=400, description="The file's own name; only shown, never a path")]
BINARY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
"""`openapi_extra` of a route whose body is a file as it is."""


async def looked_at(request: Request, store: BlobStore, commit: Callable[[Held], Response]) -> Response:
    """A raw body received whole, then `commit` in a thread; what it does not keep leaves no bytes. Answers a new row's ETag."""
    bytes_of = await store.hold(request.stream())

    def and_discard() -> Response:
        with bytes_of:
            return commit(bytes_of)

    answer = await to_thread.run_sync(and_discard)
    answer.headers["ETag"] = etag(1)
    return answer


def held(store: BlobStore, file: BinaryIO) -> Held:
    """The bytes of a form's file, to be looked at in a context, after which they are gone unless they were kept with a row."""
    return store.hold_now(pieces(file))


def pieces(file: BinaryIO) -> Iterator[bytes]:
    """A form's file, a mebibyte at a time."""
    return iter(lambda: file.read(1 << 20), b"")


def chosen(file: UploadFile | None) -> tuple[str, BinaryIO]:
    """Name and bytes of a form's file. Raises Invalid where none was chosen."""
    if file is None or not file.filename:
        raise Invalid("No file was chosen. What you typed is still here.", fields={"file": "Choose a file."})
    return file.filename, file.file


def download(text: str, name: str, media_type: str = "text/csv; charset=utf-8") -> Response:
    """A text as a file to keep."""
    return Response(text, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
