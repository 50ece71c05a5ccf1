"""The doors of the readings feature for other features, pages and the API. The use cases stand in the modules below."""

from __future__ import annotations

from app.readings.analyses import (
    AnalysisView,
    NewAnalysis,
    ReadingView,
    add_analysis,
    analyses_of,
    get_analysis,
    instruments,
    update_analysis,
)
from app.readings.arrays import array_store
from app.readings.domain import (
    AnalysisStatus,
    Method,
    MethodInfo,
    Quality,
    ScopeFact,
    StripReading,
    UploadState,
)
from app.readings.methods import method_info, methods
from app.readings.plots import plot_of
from app.readings.quality import quality_of, scope_of
from app.readings.tables import Upload
from app.readings.uploads import (
    answer_upload,
    clean_file_name,
    get_reading,
    get_upload,
    reading_with_match,
    readings_of_upload,
    record_upload,
    record_upload_for_sample,
    reread_analysis,
)

__all__ = [
    "AnalysisStatus",
    "AnalysisView",
    "Method",
    "MethodInfo",
    "NewAnalysis",
    "Quality",
    "ReadingView",
    "ScopeFact",
    "StripReading",
    "Upload",
    "UploadState",
    "add_analysis",
    "analyses_of",
    "answer_upload",
    "array_store",
    "clean_file_name",
    "get_analysis",
    "get_reading",
    "get_upload",
    "instruments",
    "method_info",
    "methods",
    "plot_of",
    "quality_of",
    "reading_with_match",
    "readings_of_upload",
    "record_upload",
    "record_upload_for_sample",
    "reread_analysis",
    "scope_of",
    "update_analysis",
]
