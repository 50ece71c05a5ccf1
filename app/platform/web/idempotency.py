"""A creating request sent twice with the same Idempotency-Key is carried out once and answered twice.

The answer is stored in the request's own transaction. It may hold a ticket code, which is stored nowhere in
clear: the answer is sealed with AES-GCM under a secret that only the sender's key, with our pepper, can make.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import Depends, Header, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse

from app.platform.db import UnitOfWork
from app.platform.kernel.errors import Conflict
from app.platform.web.tables import IdempotencyRow

NONCE = 12
"""Bytes of the number used once before each sealed answer (NIST SP 800-38D)."""


@dataclass(frozen=True, slots=True)
class Once:
    """Runs a creation at most once for its key. Without a key it simply runs."""

    key: str
    scope: str
    request_hash: str
    pepper: bytes

    def of_bytes(self, sha256: str) -> Once:
        """A key for a request whose body is a file: other bytes are another request."""
        return replace(self, request_hash=hashlib.sha256(f"{self.request_hash}{sha256}".encode()).hexdigest())

    def run(self, uow: UnitOfWork, create: Callable[[], Any], *, status: int = 201) -> JSONResponse:
        """Answer with what `create` returns, or with the stored answer of the first time."""
        if not self.key:
            return JSONResponse(jsonable_encoder(create()), status)
        actor = str(uow.actor.person_id)
        key_hash = self._hash(actor)
        uow.one_at_a_time(key_hash.encode())  # the second of two finds the answer of the first
        row = uow.session.get(IdempotencyRow, key_hash)
        if row is not None:
            if row.request_hash != self.request_hash:
                raise Conflict(
                    "This Idempotency-Key was already used for a different request, so this one was not carried out.",
                    hint="Use a fresh key for each new record.",
                )
            body = json.loads(self._opened(row.sealed, actor, key_hash))
            return JSONResponse(body, row.status, headers={"Idempotency-Replayed": "true"})
        body = jsonable_encoder(create())
        nonce = os.urandom(NONCE)
        text = json.dumps(body, separators=(",", ":")).encode()
        sealed = nonce + self._cipher(actor).encrypt(nonce, text, key_hash.encode())
        uow.session.add(
            IdempotencyRow(
                key_hash=key_hash, request_hash=self.request_hash, status=status, sealed=sealed, created_at=uow.now
            )
        )
        return JSONResponse(body, status)

    def _hash(self, actor: str) -> str:
        return hmac.new(self.pepper, f"idempotency|{actor}|{self.scope}|{self.key}".encode(), "sha256").hexdigest()

    def _cipher(self, actor: str) -> AESGCM:
        words = "|".join(("seal", actor, self.scope, self.key))
        return AESGCM(hmac.digest(self.pepper, words.encode(), "sha256"))

    def _opened(self, sealed: bytes, actor: str, key_hash: str) -> bytes:
        """Open a stored answer. Raises Conflict for one that was altered, or that an older version of MAST sealed."""
        try:
            return self._cipher(actor).decrypt(sealed[:NONCE], sealed[NONCE:], key_hash.encode())
        except (InvalidTag, ValueError) as error:
            raise Conflict(
                "This was carried out before, and its answer can no longer be opened. Nothing was done twice.",
                hint="Look for the record; use a fresh key for each new one.",
            ) from error


async def once(
    request: Request,
    idempotency_key: Annotated[
        str, Header(max_length=120, description="Same key, same answer: makes a retry harmless")
    ] = "",
) -> Once:
    """Dependency: the key of this request, bound to its path and body."""
    body = b"" if request.url.path.rstrip("/").endswith("/uploads") else await request.body()
    pepper: bytes = request.app.state.pepper
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    digest = hmac.new(pepper, asked + body, "sha256")  # keyed: a body may hold a password, which could be tried out
    return Once(idempotency_key, request.url.path, digest.hexdigest(), pepper)


OnceDep = Annotated[Once, Depends(once)]
