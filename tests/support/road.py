"""The road of one sample over the HTTP API, for anything that speaks like httpx: a TestClient or a real connection."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

CONSENTS = {"analysis": "yes", "aggregate_data": "yes", "age_18_attested": "yes", "understands_not_safe": "yes"}
SAMPLE: dict[str, Any] = {"form": "powder", "expected": ["mdma"], "consents": CONSENTS}
FINDINGS: dict[str, Any] = {"findings": [{"substance": "mdma", "abundance": "major"}]}
STRIP = {"method": "strip", "strip_target": "opioid.nitazene", "strip_reading": "negative"}
IR_FILE = (
    "##TITLE=mdma\r\n##JCAMP-DX=4.24\r\n##DATA TYPE=INFRARED SPECTRUM\r\n##ORIGIN=test\r\n##OWNER=public domain\r\n"
    "##XUNITS=1/CM\r\n##YUNITS=ABSORBANCE\r\n##XFACTOR=1\r\n##YFACTOR=0.001\r\n##FIRSTX=400\r\n##LASTX=3990\r\n"
    "##FIRSTY={first:.3f}\r\n##DELTAX=10\r\n##NPOINTS=360\r\n##XYDATA=(X++(Y..Y))\r\n"
)


class Client(Protocol):
    """What both kinds of client have in common."""

    def request(self, method: str, url: str, **more: Any) -> Any: ...


def infrared_file(seed: int = 0) -> bytes:
    """A small, valid infrared file; another seed gives other bytes."""
    rows = []
    for start in range(0, 360, 10):
        values = " ".join(str(100 + (seed * 7 + (start + k) * 13) % 500) for k in range(10))
        rows.append(f"{400 + start * 10} {values}")
    head = IR_FILE.format(first=(100 + seed * 7 % 500) / 1000)  # as in the data: else the reader warns
    return (head + "\r\n".join(rows) + "\r\n##END=\r\n").encode()


def ok(response: Any, *statuses: int) -> Any:
    """The body of a response that must have succeeded."""
    expected = statuses or (200, 201, 202, 204)
    assert response.status_code in expected, f"{response.status_code} {response.text[:600]}"
    return response.json() if response.content else None


@dataclass
class Road:
    """Takes samples along. `as_` gives the client of a role; `new_session` makes an open session."""

    as_: Callable[[str], Client]
    session_id: str
    codes: dict[str, str] = field(default_factory=dict)

    def post(self, role: str, url: str, json: Any = None, **more: Any) -> Any:
        """A POST that must succeed."""
        return ok(self.as_(role).request("POST", url, json=json, **more))

    def register(self, **changes: Any) -> str:
        """A sample in the queue."""
        body = self.post("reception", f"/api/v1/sessions/{self.session_id}/samples", {**SAMPLE, **changes})
        sample_id: str = body["sample"]["id"]
        self.codes[sample_id] = body["ticket"]["code"]
        return sample_id

    def analysis(self, sample_id: str, **body: Any) -> str:
        """An analysis of it."""
        body = {"method": "ftir", "read_by_hand": True, **body}
        answer = self.post("chemist", f"/api/v1/samples/{sample_id}/analyses", body)
        return str(answer["id"])

    def upload(self, analysis_id: str, content: bytes | None = None, name: str = "a.jdx") -> str:
        """A file for it, acknowledged but not yet read."""
        client = self.as_("chemist")
        url = f"/api/v1/analyses/{analysis_id}/uploads?filename={name}"
        headers = {"Content-Type": "application/octet-stream", "Idempotency-Key": secrets.token_hex(8)}
        data = infrared_file() if content is None else content
        return str(ok(client.request("POST", url, content=data, headers=headers))["id"])

    def draft(self, sample_id: str, analysis_ids: list[str], **finding: Any) -> tuple[str, str]:
        """A draft with one finding that stands on these analyses: (result id, ETag)."""
        result = self.post("chemist", f"/api/v1/samples/{sample_id}/results")
        one = {"substance": "mdma", "abundance": "major", "analyses": analysis_ids, **finding}
        response = self.as_("chemist").request(
            "PUT",
            f"/api/v1/results/{result['id']}/findings",
            json={"findings": [one]},
            headers={"If-Match": f'"{result["version"]}"'},
        )
        ok(response)
        return result["id"], response.headers["ETag"]

    def step(self, role: str, result_id: str, action: str, etag: str, **body: Any) -> str:
        """One step of the result; the new ETag."""
        url = f"/api/v1/results/{result_id}/{action}"
        response = self.as_(role).request("POST", url, json=body, headers={"If-Match": etag})
        ok(response)
        return str(response.headers["ETag"])

    def act(self, role: str, url: str, row: dict[str, Any], **body: Any) -> dict[str, Any]:
        """A step of a row with a version; the row then."""
        done: dict[str, Any] = self.post(role, url, body or None, headers={"If-Match": f'"{row["version"]}"'})
        return done

    def finish(self, result_id: str, etag: str) -> str:
        """A draft submitted, verified and released; the ETag then."""
        for role, action in (("chemist", "submit"), ("verifier", "verify"), ("session_lead", "release")):
            etag = self.step(role, result_id, action, etag)
        return etag

    def verified(self, **sample: Any) -> tuple[str, str, str]:
        """A sample whose result waits for its release: (sample, result, ETag)."""
        sample_id = self.register(**sample)
        analysis_id = self.analysis(sample_id, method="gc_ms")
        result_id, etag = self.draft(sample_id, [analysis_id])
        etag = self.step("chemist", result_id, "submit", etag)
        etag = self.step("verifier", result_id, "verify", etag)
        return sample_id, result_id, etag

    def released(self, **sample: Any) -> tuple[str, str, str]:
        """The whole road: (sample, result, ETag)."""
        sample_id, result_id, etag = self.verified(**sample)
        return sample_id, result_id, self.step("session_lead", result_id, "release", etag)
