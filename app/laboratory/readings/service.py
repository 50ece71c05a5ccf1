"""The doors of the readings feature for other features, pages and the API. The use cases stand in the modules below.

Everything imported here is given out.
"""
# mypy: implicit-reexport
# ruff: noqa: F401

from __future__ import annotations

from app.laboratory.readings.analyses import (
    AnalysisView,
    FileView,
    NewAnalysis,
    ReadingView,
    add_analysis,
    analyses_of,
    files_of,
    get_analysis,
    instruments,
    tell,
    update_analysis,
)
from app.laboratory.readings.arrays import array_store, single_spectrum
from app.laboratory.readings.arrays import keep as kept_run
from app.laboratory.readings.corrections import AxisInterpretation, codes_of, fields_for, hints_of, taken_as
from app.laboratory.readings.corrections import Field as CorrectionField
from app.laboratory.readings.domain import AnalysisStatus, ScopeFact
from app.laboratory.readings.figures import figures_in
from app.laboratory.readings.figures import shown as figure_words
from app.laboratory.readings.formats import file_words, takes_folders
from app.laboratory.readings.machines import (
    NewInstrument,
    RunBefore,
    add_instrument,
    analyses_on,
    fact_of,
    facts_of_samples,
    get_instrument,
    lock_instrument,
    run_before,
    runs_of_batch,
)
from app.laboratory.readings.plots import fit_words, plot_of
from app.laboratory.readings.quality import quality_of, scope_of
from app.laboratory.readings.references import (
    Reference,
    curve_of,
    entry_in,
    infrared_in,
    infrared_of,
    reference_in,
    reference_of,
    run_in,
    run_of,
    vibrational_books,
)
from app.laboratory.readings.references import kept as kept_reference
from app.laboratory.readings.repository import files_of_readings
from app.laboratory.readings.tables import Analysis, Reading, Upload
from app.laboratory.readings.uploads import (
    answer_upload,
    as_the_file_says,
    clean_file_name,
    get_reading,
    get_upload,
    keep_file,
    reading_with_answer,
    record_upload,
    record_upload_for_sample,
    reprocess_analysis,
    reprocess_each,
    see_warnings,
    standing_result,
)
from harm_messages.vocabulary import StripReading
