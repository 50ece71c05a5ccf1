"""The photo of a sample: without metadata, for who may see the sample, and gone once it is withdrawn."""

from __future__ import annotations

import os
import uuid
from typing import Any

from sqlmodel import select

from app.intake.samples import photos
from app.intake.samples.tables import Sample
from app.operations.retention import purge_files
from app.platform.kernel.actor import Role
from tests.app.samples.test_reception_pages import FORM
from tests.platform.test_pictures import jpeg, segment
from tests.support.small_files import small_photo

PHOTO = {"photo": ("Dave.png", small_photo((b"eXIf", b"54.7,-1.57")), "image/png")}


def registered(world: Any, **files: Any) -> uuid.UUID:
    answer = world.as_(Role.RECEPTION).post(f"/sessions/{world.session()}/samples", data=FORM, files=files or None)
    assert answer.status_code == 303, answer.text
    with world.runtime.read() as session:
        return session.exec(select(Sample.id).order_by(Sample.id.desc())).first()  # type: ignore[attr-defined,no-any-return]


def test_a_photo_is_kept_without_metadata_and_shown_to_who_sees_the_sample(world: Any) -> None:
    sample_id = registered(world, **PHOTO)
    url = f"/samples/{sample_id}/photo"
    shown = world.as_(Role.CHEMIST).get(url)
    assert (shown.content, shown.headers["content-type"]) == (small_photo(), "image/png")
    assert shown.headers["cache-control"] == "no-store"
    assert f'src="{url}/small"' in world.as_(Role.CHEMIST).get(f"/samples/{sample_id}").text
    assert world.as_(Role.CHEMIST, agency="other").get(url).status_code == 404
    assert world.as_(Role.RESEARCHER).get(url).status_code == 403
    assert world.as_(Role.CHEMIST).get(f"/samples/{registered(world)}/photo").status_code == 404


def test_a_small_photo_comes_behind_the_whole_one_and_lists_show_it(world: Any) -> None:
    whole, small, large = jpeg(), jpeg(width=176, height=132), jpeg(width=1600, height=900)
    place = segment(0xE1, b"Exif\0\0 54.7,-1.57")
    placed = jpeg(place, width=176, height=132)
    for behind, shown in ((placed, small), (b"", whole), (b"\xff\xd8 MPF", whole), (large, whole)):
        sample_id = registered(world, photo=("a.jpg", whole + behind, "image/jpeg"))
        url = f"/samples/{sample_id}/photo"
        answer = world.as_(Role.CHEMIST).get(f"{url}/small")
        assert (answer.content, answer.headers["content-type"]) == (shown, "image/jpeg")
        assert answer.headers["cache-control"] == "no-store"
        assert world.as_(Role.CHEMIST).get(url).content == whole
    assert world.as_(Role.CHEMIST, agency="other").get(f"{url}/small").status_code == 404
    assert world.as_(Role.RESEARCHER).get(f"{url}/small").status_code == 403
    assert world.as_(Role.CHEMIST).get(f"/samples/{registered(world)}/photo/small").status_code == 404
    world.as_(Role.RECEPTION).post(f"/samples/{sample_id}/withdraw", data={"reason": "client_asked"})
    assert world.as_(Role.CHEMIST).get(f"{url}/small").status_code == 404


def test_a_photo_is_replaced_and_goes_with_a_withdrawal(world: Any, clock: Any) -> None:
    sample_id = registered(world, **PHOTO)
    url = f"/samples/{sample_id}/photo"
    other = small_photo((b"PLTE", bytes(3)))
    assert world.as_(Role.CHEMIST).post(url, files={"photo": ("b.png", other)}).status_code == 303
    assert world.as_(Role.CHEMIST).get(url).content == other
    world.as_(Role.RECEPTION).post(f"/samples/{sample_id}/withdraw", data={"reason": "client_asked"})
    assert world.as_(Role.CHEMIST).get(url).status_code == 404
    assert world.as_(Role.CHEMIST).post(url, files={"photo": ("b.png", other)}).status_code == 409
    names = world.runtime.blobs.names()
    assert len(names) == 2
    with world.runtime.read() as session:
        assert photos.photo_of(session, sample_id) is None
    for name in names:
        os.utime(world.runtime.blobs.path(name), (0, 0))  # a day later
    assert purge_files(world.runtime.db, world.runtime.blobs) == 2


def test_what_is_no_photo_or_too_large_is_refused_and_nothing_is_registered(world: Any) -> None:
    session_id = world.session()
    for content, said in (
        (b"GIF89a", "not a JPEG or PNG photo"),
        (b"\xff\xd8" + bytes(photos.LARGEST_BYTES), "larger than 1 MB"),
    ):
        url, files = f"/sessions/{session_id}/samples", {"photo": ("a.jpg", content)}
        answer = world.as_(Role.RECEPTION).post(url, data=FORM, files=files)
        assert answer.status_code in (413, 422)
        assert said in answer.text
        assert "“mandy”" in answer.text
    with world.runtime.read() as session:
        assert session.exec(select(Sample)).all() == []
    assert world.runtime.blobs.names() == set()
