"""What an in-house standard and a control are, and when one counts. Pure: no database, no web, no arrays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from app.platform.kernel.worded import Worded


class ControlKind(Worded):
    """What was run beside the samples of a batch."""

    BLANK = "blank", "blank run"
    LADDER = "ladder", "n-alkane ladder"
    QC = "qc", "QC standard run"


INCHIKEY = re.compile(r"[A-Z]{14}-[A-Z]{10}-[A-Z]")
FIRST_CARBON, LAST_CARBON = 5, 60


@dataclass(frozen=True, slots=True)
class NewStandard:
    """What a chemist says about a reference material. `expires_on` is the last day it counts."""

    name: str
    inchikey: str = ""
    substance_id: str = ""
    lot: str = ""
    supplier: str = ""
    purity_percent: float | None = None
    expires_on: date | None = None
    form: str = ""


@dataclass(frozen=True, slots=True)
class NewReplicate:
    """What is said about one run of a standard. Seconds, index of the laboratory's own ladder, day in UTC."""

    instrument: str = ""
    measured_at: datetime | None = None
    retention_time_s: float | None = None
    retention_index: float | None = None


@dataclass(frozen=True, slots=True)
class NewControl:
    """What is said about a control run. `first_carbon` names the first peak of a ladder."""

    kind: ControlKind
    batch: str
    instrument: str = ""
    measured_at: datetime | None = None
    first_carbon: int | None = None


def compound_of(name: str, inchikey: str, substance_id: str) -> str:
    """First block of the InChIKey where there is one, as in other libraries; else a key no InChIKey can equal."""
    if inchikey:
        return inchikey.partition("-")[0]
    return f"register:{substance_id}" if substance_id else f"name:{name.casefold()}"


def faults_of_standard(new: NewStandard) -> dict[str, str]:
    """Field → sentence for what cannot be stored as it is."""
    wrong: dict[str, str] = {}
    if not new.name:
        wrong["name"] = "Enter the compound."
    if new.inchikey and not INCHIKEY.fullmatch(new.inchikey):
        wrong["inchikey"] = "An InChIKey looks like XZWYZXLIPXDOLR-UHFFFAOYSA-N: 14, 10 and 1 capital letters."
    if new.purity_percent is not None and not 0 < new.purity_percent <= 100:
        wrong["purity_percent"] = "Enter the purity from the certificate, for example 98.5."
    return wrong


def faults_of_replicate(new: NewReplicate) -> dict[str, str]:
    """Field → sentence for what cannot be stored of one run of a standard."""
    wrong: dict[str, str] = {}
    if new.retention_time_s is not None and not 0 < new.retention_time_s < 86_400:
        wrong["retention_time"] = "Enter the retention time in minutes, for example 6.42."
    if new.retention_index is not None and not 0 < new.retention_index < 10_000:
        wrong["retention_index"] = "Enter the retention index, for example 1,782."
    return wrong


def faults_of_control(new: NewControl) -> dict[str, str]:
    """Field → sentence for what cannot be stored of a control run."""
    wrong: dict[str, str] = {}
    if not new.batch:
        wrong["batch"] = "Enter the batch as it is written with the samples’ analyses."
    if new.kind is ControlKind.LADDER and new.first_carbon is None:
        wrong["first_carbon"] = "Enter the carbons of the first peak of the ladder, for example 8."
    if new.first_carbon is not None and not FIRST_CARBON <= new.first_carbon <= LAST_CARBON:
        wrong["first_carbon"] = f"The first alkane has between {FIRST_CARBON} and {LAST_CARBON} carbons."
    return wrong
