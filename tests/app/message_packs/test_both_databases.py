"""What the database itself holds: append-only tables, files that two people edit, signatures at the same moment."""

from __future__ import annotations

import uuid

import pytest
import sqlalchemy as sa

from app.care.message_packs import repository
from app.care.message_packs.tables import PackVersion
from app.platform.kernel.actor import Role
from tests.app.message_packs.conftest import HEAT, Editors

CLINICIAN, LEAD = Role.CLINICIAN, Role.SESSION_LEAD


def test_the_tables_of_signatures_withdrawals_and_texts_refuse_changes(editors: Editors) -> None:
    version = editors.begin()
    assert editors.submit(version).status_code == 303
    editors.sign(version, CLINICIAN)
    assert editors.sign(version, LEAD).headers["location"].endswith("done=approved")
    for table, column in (("pack_signature", "name"), ("pack_text", "text"), ("pack_edition", "digest")):
        for words in (f"UPDATE {table} SET {column} = 'x'", f"DELETE FROM {table}"):
            with editors.runtime.db.begin() as uow, pytest.raises(sa.exc.DBAPIError, match="append-only"):
                uow.session.execute(sa.text(words))
            uow.session.rollback()


def test_two_people_who_edit_one_file_do_not_overwrite_each_other(editors: Editors) -> None:
    draft = editors.begin()
    mine, theirs = editors.form(draft), editors.form(draft)
    paths = sorted(p for p in editors.version(draft).files if p.startswith("messages/en/"))
    other = next(p for p in paths if p != HEAT)
    assert (
        editors.browser(CLINICIAN).post(f"/messages/{draft}/message", data={**mine, "card": "Mine."}).status_code == 303
    )
    late = editors.browser(editors.other).post(f"/messages/{draft}/message", data={**theirs, "card": "Theirs."})
    assert late.status_code == 409
    assert "Theirs." in late.text, "what was typed is still there"
    elsewhere = editors.form(draft, other)
    done = editors.browser(editors.other).post(f"/messages/{draft}/message", data={**elsewhere, "title": "Other"})
    assert done.status_code == 303
    files = editors.read(lambda s: repository.texts(s, s.get(PackVersion, uuid.UUID(draft)).files))
    assert "Mine." in files[HEAT]
    assert "Other" in files[other]
    assert len(editors.version(draft).authors) == 2
