"""Raw files by their sha-256: stream to .part, fsync, rename, then the row, then the acknowledgement."""

from app.platform.storage.blobs import BlobStore, DigestMismatch, Held, Received
from app.platform.storage.reserve import Reserve, is_full, is_read_only

__all__ = ["BlobStore", "DigestMismatch", "Held", "Received", "Reserve", "is_full", "is_read_only"]
