"""The doors of the readings feature for other features, pages and the API. The use cases stand in the modules below."""

from __future__ import annotations

from app.laboratory.readings.analyses import (
    AnalysisView,
    NewAnalysis,
    ReadingView,
    add_analysis,
    analyses_of,
    get_analysis,
    instruments,
    update_analysis,
)
from app.laboratory.readings.arrays import array_store, single_spectrum
from app.laboratory.readings.batches import BatchMember, RunBefore, batch_of, run_before, runs_of_batch
from app.laboratory.readings.corrections import AxisInterpretation, codes_of, fields_for, hints_of, taken_as
from app.laboratory.readings.corrections import Field as CorrectionField
from app.laboratory.readings.domain import AnalysisStatus, Quality, ScopeFact, UploadState
from app.laboratory.readings.figures import figures_in
from app.laboratory.readings.figures import shown as figure_words
from app.laboratory.readings.files import FileView, files_of
from app.laboratory.readings.formats import file_words, takes_folders
from app.laboratory.readings.infrared_references import entry_in, vibrational_books
from app.laboratory.readings.machines import NewInstrument, RanOn, add_instrument, analyses_on, lock_instrument, ran_on
from app.laboratory.readings.plots import plot_of
from app.laboratory.readings.plots_fit import fit_words
from app.laboratory.readings.quality import quality_of, scope_of
from app.laboratory.readings.references import (
    Reference,
    curve_of,
    infrared_in,
    infrared_of,
    kept_run,
    reference_in,
    reference_of,
    run_in,
    run_of,
)
from app.laboratory.readings.references import kept as kept_reference
from app.laboratory.readings.repository import files_of_readings
from app.laboratory.readings.rereading import reread_each
from app.laboratory.readings.tables import Upload
from app.laboratory.readings.uploads import (
    answer_upload,
    as_the_file_says,
    clean_file_name,
    get_reading,
    get_upload,
    keep_file,
    reading_with_answer,
    reading_with_match,
    readings_of_upload,
    record_upload,
    record_upload_for_sample,
    reread_analysis,
    see_warnings,
    standing_result,
)
from harm_messages.vocabulary import StripReading

__all__ = [
    "AnalysisStatus",
    "AnalysisView",
    "AxisInterpretation",
    "BatchMember",
    "CorrectionField",
    "FileView",
    "NewAnalysis",
    "NewInstrument",
    "Quality",
    "RanOn",
    "ReadingView",
    "Reference",
    "RunBefore",
    "ScopeFact",
    "StripReading",
    "Upload",
    "UploadState",
    "add_analysis",
    "add_instrument",
    "analyses_of",
    "analyses_on",
    "answer_upload",
    "array_store",
    "as_the_file_says",
    "batch_of",
    "clean_file_name",
    "codes_of",
    "curve_of",
    "entry_in",
    "fields_for",
    "figure_words",
    "figures_in",
    "file_words",
    "files_of",
    "files_of_readings",
    "fit_words",
    "get_analysis",
    "get_reading",
    "get_upload",
    "hints_of",
    "infrared_in",
    "infrared_of",
    "instruments",
    "keep_file",
    "kept_reference",
    "kept_run",
    "lock_instrument",
    "plot_of",
    "quality_of",
    "ran_on",
    "reading_with_answer",
    "reading_with_match",
    "readings_of_upload",
    "record_upload",
    "record_upload_for_sample",
    "reference_in",
    "reference_of",
    "reread_analysis",
    "reread_each",
    "run_before",
    "run_in",
    "run_of",
    "runs_of_batch",
    "scope_of",
    "see_warnings",
    "single_spectrum",
    "standing_result",
    "taken_as",
    "takes_folders",
    "update_analysis",
    "vibrational_books",
]
