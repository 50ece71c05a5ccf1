"""What the bench's forms do with files: take them in, answer a reader, look at its warnings, correct it.

Without JavaScript files come as multipart here; with it as raw bodies to the API.
"""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import Response
from pydantic import BaseModel, Field

from app.intake.samples import lookup
from app.laboratory.identification.domain import Method
from app.laboratory.readings import analyses, corrections, uploads
from app.platform.db import UnitOfWork
from app.platform.kernel.errors import Invalid, MastError, NotFound
from app.platform.web.fields import Note140, Text20
from app.screens.bench.page import SampleVisit
from app.screens.bench.steps_page import Bench, Id

router = APIRouter(include_in_schema=False)

FileVersion = Annotated[int, Form()]


@router.post("/bench/samples/{sample_id}/files")
def add_files(
    at: Bench,
    file: Annotated[list[UploadFile], File()],
    method: Annotated[str, Form(max_length=20)] = "",
    idempotency_key: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Take files in, each by itself: one that is refused does not spoil the others."""
    refused: list[tuple[str, MastError]] = []
    with at.shown_again():
        chosen = _method(method)
        with at.rt.read() as session:
            lookup.get_sample(session, at.who, at.sample_id)
        for one in file:
            try:
                _take_in(at, one, chosen, idempotency_key)
            except MastError as error:
                refused.append((one.filename or "a file", error))
        if refused:
            raise _together(refused, len(file))
    return at.back("file" if len(file) == 1 else "files")


def _take_in(at: SampleVisit, file: UploadFile, method: Method | None, form_key: str) -> None:
    """Bytes first, with no database held; then the row. The same form with the same bytes is one upload.

    With other bytes it is another one: anyone who goes back to the page and chooses a second file sends the form's key again.
    """
    received = at.rt.blobs.put(iter(lambda: file.file.read(1 << 20), b""))
    name = file.filename or ""
    with at.begin() as uow:
        at.once(
            uow,
            form_key,
            lambda: uploads.record_upload_for_sample(uow, at.sample_id, received, name, method),
            sha256=received.sha256,
        )


def _together(refused: list[tuple[str, MastError]], sent: int) -> MastError:
    """The one problem as it is; of several files, which were refused and why."""
    if sent == 1:
        return refused[0][1]
    names = " ".join(f"{name}: {error.detail}" for name, error in refused)
    rest = "No file was taken." if len(refused) == sent else "The other files are here."
    return Invalid(f"{rest} {names}", fields={"upload": names}, hint=refused[0][1].hint)


def _method(text: str) -> Method | None:
    if not text:
        return None
    try:
        return Method(text)
    except ValueError:
        raise Invalid("The method was not found.", fields={"upload-method": "Choose one of the methods."}) from None


@router.post("/bench/samples/{sample_id}/answers")
def answer_question(
    at: Bench, upload: Id, version: FileVersion, choice: Annotated[int | None, Form()] = None
) -> Response:
    """Answer what a reader asked about a file."""
    with at.shown_again(where=f"ask-{upload}"):
        if choice is None:
            raise Invalid("Choose one of the answers. The file is unchanged.", fields={"choice": "nothing chosen"})
        with at.begin() as uow:
            _own_upload(uow, at.sample_id, upload)
            uploads.answer_upload(uow, upload, version, choice=choice)
    return at.back("answer")


@router.post("/bench/samples/{sample_id}/warnings")
def see_warnings(
    at: Bench, upload: Id, version: FileVersion, reading: Annotated[uuid.UUID | None, Form()] = None
) -> Response:
    """Someone has looked at the warnings of a file; they stay where they are."""
    with at.shown_again(), at.begin() as uow:
        _own_upload(uow, at.sample_id, upload)
        uploads.see_warnings(uow, upload, version)
    return at.back("warnings", reading=reading)


@router.post("/bench/samples/{sample_id}/read-again")
def read_again(at: Bench, upload: Id, version: FileVersion) -> Response:
    """Read a file again that the server failed to read."""
    with at.shown_again(), at.begin() as uow:
        _own_upload(uow, at.sample_id, upload)
        uploads.read_again(uow, upload, version)
    return at.back("reread")


class CorrectionForm(BaseModel):
    """What is said about a file. A field that was not offered is not sent; `undo` takes everything back."""

    upload: uuid.UUID
    version: int
    x_axis: Text20 | None = None
    y_axis: Text20 | None = None
    decimal: Text20 | None = None
    delimiter: Text20 | None = None
    time_unit: Text20 | None = None
    reason: Note140 = ""
    undo: Annotated[str, Field(max_length=10)] = ""


@router.post("/bench/samples/{sample_id}/corrections")
def correct_reading(at: Bench, form: Annotated[CorrectionForm, Form()]) -> Response:
    """Say what the axes of a file are, or take that back; it is read again."""
    with at.shown_again(where=f"correct-{form.upload}", typed=form):
        hints = {} if form.undo else _hints(form)
        with at.begin() as uow:
            _own_upload(uow, at.sample_id, form.upload)
            if form.undo:
                uploads.as_the_file_says(uow, form.upload, form.version, reason=form.reason)
            else:
                uploads.answer_upload(uow, form.upload, form.version, hints=hints, reason=form.reason)
    return at.back("as_the_file_says" if form.undo else "correction")


@router.post("/bench/samples/{sample_id}/compare-again")
def compare_again(at: Bench, analysis: Id) -> Response:
    """Read and compare the files of an analysis again: libraries, standards and controls may have come since."""
    with at.shown_again(), at.begin() as uow:
        if analyses.get_analysis(uow.session, at.who, analysis).sample_id != at.sample_id:
            raise NotFound("analysis")
        uploads.reprocess_analysis(uow, analysis, keep=True)
    return at.back("again")


def _hints(form: CorrectionForm) -> dict[str, str]:
    try:
        return corrections.hints_of(form.x_axis, form.y_axis, form.decimal, form.delimiter, form.time_unit)
    except KeyError:
        raise Invalid(
            "This is not one of the choices. The file is unchanged.", fields={"x_axis": "not offered"}
        ) from None


def _own_upload(uow: UnitOfWork, sample_id: uuid.UUID, upload_id: uuid.UUID) -> None:
    """Raises NotFound for an upload of another sample as for one that is not there."""
    found = uploads.get_upload(uow.session, uow.actor, upload_id)
    if analyses.get_analysis(uow.session, uow.actor, found.analysis_id).sample_id != sample_id:
        raise NotFound("upload")
