"""Every way a file can be wrong ends in a state and a sentence a chemist can act on; the raw bytes stay."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest
from sqlmodel import select

from app.laboratory.readings.tables import Blob
from app.platform.storage import BlobStore
from tests.support.small_files import small_ir


def zipped(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


ENTITIES = b"""<?xml version="1.0"?>
<!DOCTYPE mzML [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<mzML xmlns="http://psi.hupo.org/ms/mzml" version="1.1.0"><cvList count="0"/>&b;</mzML>
"""

BAD = {
    "truncated JCAMP": (small_ir()[:300], "cut.dx"),
    "photo named csv": (b"\x89PNG\r\n\x1a\n" + bytes(400), "spectrum.csv"),
    "login page": (b"<!doctype html><html><body>Please sign in</body></html>", "run.mzML"),
    "zip bomb": (zipped("run.mzML", bytes(64 * 1024 * 1024)), "run.zip"),
    "gzip bomb": (gzip.compress(bytes(64 * 1024 * 1024)), "run.mzML.gz"),
    "zip slip": (zipped("../../etc/passwd", b"x"), "run.zip"),
    "mzML with entities": (ENTITIES, "run.mzML"),
    "NaN in a table": (
        b"wavenumber (cm-1);absorbance\n"
        + b"".join(b"%d;%s\n" % (400 + 4 * k, b"NaN" if k == 9 else b"0.5") for k in range(60)),
        "nan.csv",
    ),
    "prose": (b"Dear colleague, the sample looked fine to me. " * 20, "note.txt"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_is_refused_in_a_sentence_and_kept(bench, what: str):
    content, name = BAD[what]
    upload = bench.upload(content, name)
    assert upload["state"] == "refused", upload
    problem = upload["problem"]
    assert problem["code"]
    assert problem["detail"].endswith(".")
    assert problem["hint"]
    assert upload["message"] == problem["detail"]
    assert bench.get(f"/api/v1/uploads/{upload['id']}/readings") == []
    assert bench.parts.blobs.path(upload["sha256"]).read_bytes() == content


def test_a_file_beyond_the_limit_is_refused_while_it_comes(bench):
    small = BlobStore(bench.parts.blobs.root, max_bytes=1000)
    object.__setattr__(bench.world.runtime, "blobs", small)

    def chunks():
        for _ in range(40):
            yield b"x" * 100

    answer = bench.chemist.post(f"/api/v1/samples/{bench.sample_id}/uploads?filename=a.dx", content=chunks())
    assert answer.status_code == 413
    assert "limit" in answer.json()["detail"]
    assert list((small.root / "incoming").iterdir()) == []


def test_a_full_disk_is_said_and_leaves_nothing_half(bench, monkeypatch: pytest.MonkeyPatch):
    def full(_self: object, _chunk: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("app.platform.storage.blobs.Held.write", full)
    answer = bench.chemist.post(f"/api/v1/samples/{bench.sample_id}/uploads?filename=a.dx", content=b"abc")
    assert answer.status_code == 507
    with bench.world.runtime.read() as session:
        assert session.exec(select(Blob)).first() is None


def ambiguous() -> bytes:
    """Two columns with a decimal comma, or four: nobody can know."""
    return b"\n".join(b"%d,%d,0,%d" % (4000 - 4 * k, k % 10, 100 + k) for k in range(200))


def test_a_table_that_can_be_read_in_two_ways_asks_and_the_answer_reads_it(bench):
    upload = bench.upload(ambiguous(), "ambiguous.csv")
    assert upload["state"] == "asks"
    choices = upload["problem"]["choices"]
    assert len(choices) >= 2
    assert all(choice["label"] and choice["hints"] for choice in choices)
    url = f"/api/v1/uploads/{upload['id']}/answer"
    etag = f'"{upload["version"]}"'
    assert bench.chemist.post(url, json={"choice": 0}).status_code == 428
    assert bench.chemist.post(url, json={"choice": 77}, headers={"If-Match": etag}).status_code == 422
    answer = bench.chemist.post(url, json={"choice": 0}, headers={"If-Match": etag})
    assert answer.status_code == 202, answer.text
    assert answer.json()["state"] == "waiting"
    assert bench.chemist.post(url, json={"choice": 0}, headers={"If-Match": etag}).status_code == 412
    for _ in range(4):  # a reader may have a second question, the unit of the axis for one
        bench.runner.run_until_idle()
        upload = bench.get(f"/api/v1/uploads/{upload['id']}")
        if upload["state"] != "asks":
            break
        etag = f'"{upload["version"]}"'
        bench.chemist.post(url, json={"choice": 0}, headers={"If-Match": etag})
    assert upload["state"] == "read", upload
    assert bench.reading(upload)["n_points"] > 1


def test_a_sentence_quotes_no_control_character_of_the_file(bench):
    """PostgreSQL stores no NUL: the file would be refused as if the server had failed."""
    upload = bench.upload(small_ir().replace(b"##NPOINTS=", b"##NPOINTS=\x00\x1b[2J x"), "a.dx")
    assert (upload["state"], upload["problem"]["code"]) == ("refused", "bad_header")
    assert "NPOINTS" in upload["problem"]["detail"]
    assert upload["problem"]["detail"].isprintable()
