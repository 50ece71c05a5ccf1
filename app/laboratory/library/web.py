"""What the routes of imports share: the words that go with a file, and where it is received."""

from __future__ import annotations

from pydantic import BaseModel

from app.laboratory.library.service import arrivals
from app.platform.storage import BlobStore
from app.platform.web.fields import Text40, Text140, Text200
from app.runtime import Runtime


class ImportForm(BaseModel):
    """Name, licence and source of a library to be. What is wrong with them is said by the use case, field by field."""

    name: Text140 = ""
    licence: Text200 = ""
    source: Text200 = ""
    y_unit: Text40 = ""
    idempotency_key: Text140 = ""


def arrivals_of(rt: Runtime) -> BlobStore:
    """Where files wait for their import."""
    return arrivals(rt.settings.blob_dir, rt.settings.upload_max_bytes)
