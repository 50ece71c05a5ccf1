"""A case: everything one page is made from, as a file that a person can write. Format: docs/methods/messages.md.

Names and words are read with tolerance (case_words.py), keys are not: one that is not known is refused, because a
misspelt key would leave a finding out in silence. Imports pydantic and this package only.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from harm_messages import case_words as words
from harm_messages.case_model import Case, CaseAlert, CaseAnalysis, CaseFinding, CaseStrip
from harm_messages.case_words import Unclear
from harm_messages.errors import HarmMessageError
from harm_messages.pack import Pack
from harm_messages.reading import sentences
from harm_messages.types import AlertFact, Context, Facts, FindingFact, RunStatus, ScopeFact, StripFact

T = TypeVar("T")


class CaseError(HarmMessageError):
    """A case that cannot be read: one line for each thing that is wrong, with its place."""


@dataclass(frozen=True, slots=True)
class Input:
    """What `evaluate` takes."""

    facts: Facts
    context: Context
    locale: str
    now: datetime


def read_case(text: str, pack: Pack, now: datetime) -> Input:
    """A case as JSON text; `now` where it names no moment. CaseError says everything that is wrong."""
    try:
        given = json.loads(text, parse_constant=_no_number, object_pairs_hook=_each_once)
    except RecursionError as error:
        raise CaseError("The case is nested too deeply.") from error
    except json.JSONDecodeError as error:
        raise CaseError(f"The case is not well-formed JSON: line {error.lineno}, {error.msg}.") from error
    if not isinstance(given, dict):
        raise CaseError("A case is one JSON object, with keys such as “findings” and “expected”.")
    try:
        case = Case.model_validate(given)
    except ValidationError as error:
        private = ("self_reported", "also_taking")
        lines = [
            f"{_place(path)}: {said if path[:1] not in {(p,) for p in private} else 'A list of words belongs here.'}"
            for path, _, said in sentences(error)
        ]
        raise CaseError("\n".join(lines)) from error
    return _Reader(pack).input(case, now)


def _no_number(word: str) -> Any:
    raise CaseError(f"{word} is no number.")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [k for k, _ in pairs]
        twice = next(k for k in names if names.count(k) > 1)
        raise CaseError(f"“{twice}” stands twice in one object. Keep one of the two.")
    return found


def _place(path: tuple[str | int, ...]) -> str:
    said = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
    return said or "case"


class _Reader:
    """Collects everything that cannot be understood before it gives up."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.wrong: list[str] = []

    def _try(self, place: str, read: Callable[[str, Pack], T], said: str) -> T | None:
        try:
            return read(said, self.pack)
        except Unclear as error:
            self.wrong.append(f"{place}: {error}")
            return None

    def _each(self, place: str, read: Callable[[str, Pack], T], said: tuple[str, ...]) -> tuple[T, ...]:
        found = (self._try(f"{place}[{i}]", read, one) for i, one in enumerate(said))
        return tuple(one for one in found if one is not None)

    def input(self, case: Case, now: datetime) -> Input:
        moment = case.now or now
        if moment.tzinfo is None:
            self.wrong.append("now: A moment needs its time zone, such as 2026-11-25T12:00:00Z.")
            moment = now
        asked = tuple(one for one in case.expected if one.strip())
        expected = tuple(one for one in self._each("expected", words.expected, asked) if one is not None)
        unknown = ", ".join(one.strip() for one in asked if self._nobody_knows(one))
        findings = tuple(f for i, one in enumerate(case.findings) if (f := self._finding(i, one)) is not None)
        scope = tuple(self._analysis(i, one) for i, one in enumerate(case.analyses))
        strips = tuple(s for i, one in enumerate(case.strips) if (s := self._strip(i, one)) is not None)
        alerts = tuple(self._alert(i, one) for i, one in enumerate(case.alerts) if self._active(i, one, moment))
        also = self._each("self_reported", words.also_taking, case.self_reported)
        if self.wrong:
            raise CaseError("\n".join(self.wrong))
        facts = Facts(
            expected=expected, expected_words=unknown, form=case.form, unit_mass_mg=case.unit_mass_mg, logo=case.logo,
            colours=case.colours, findings=findings, strips=strips, scope=scope, alerts=alerts,
            same_visit=self._each("same_visit", words.also_taking, case.same_visit),
            harm_reported=case.harm_reported, second_sample=case.second_sample,
        )  # fmt: skip
        context = Context(
            licence_mode=case.licence_mode, released=case.released, session_place=case.place,
            dependent_adult_confirmed=case.dependent_adult_confirmed, also_taking=also,
        )  # fmt: skip
        return Input(facts, context, case.locale, moment.astimezone(UTC))

    def _nobody_knows(self, said: str) -> bool:
        try:
            return words.expected(said, self.pack) is None
        except Unclear:
            return False

    def _finding(self, i: int, one: CaseFinding) -> FindingFact | None:
        place, before = f"findings[{i}]", len(self.wrong)
        name, cls = self._try(f"{place}.substance", words.substance, one.substance or "") or (None, None)
        if one.drug_class is not None:
            given = self._try(f"{place}.class", words.drug_class, one.drug_class)
            known = self.pack.substances[name].drug_class if name is not None else cls
            if given is not None and known is not None and not f"{known}.".startswith(f"{given}."):
                self.wrong.append(f"{place}: “{one.substance}” is of the class {known}, not {given}.")
            cls = given
        alike = self._each(f"{place}.look_alikes", _one_substance, one.look_alikes)
        try:
            amount = one.amount.fact() if one.amount is not None else None
        except ValidationError as error:
            self.wrong += [f"{place}.amount: {said}" for _, _, said in sentences(error)]
            amount = None
        if len(self.wrong) > before:
            return None
        return FindingFact(
            substance=name, drug_class=None if name is not None else cls, abundance=one.abundance,
            confidence=one.confidence, amount=amount, methods=tuple(words.method(m) for m in one.methods), lod=one.lod,
            look_alikes=tuple(a for a in alike if a != name),
        )  # fmt: skip

    def _analysis(self, i: int, one: CaseAnalysis) -> ScopeFact:
        place, said = f"analyses[{i}]", words.key(one.outcome)
        status = words.OUTCOMES.get(said, "ok" if said in words.QC_FAILED else said)
        if status not in set(RunStatus):
            known = ", ".join((*RunStatus, "qc_failed"))
            self.wrong.append(f"{place}.outcome: “{one.outcome}” must be one of: {known}.")
            status = "ok"
        printed = one.printed
        if printed is not None:
            read = {self._try(f"{place}.printed", _one_substance, name): limit for name, limit in printed.items()}
            printed = {name: limit for name, limit in read.items() if name is not None}
        return ScopeFact(
            method=words.method(one.method),
            status=RunStatus(status),
            qc_passed=one.qc_passed and said not in words.QC_FAILED,
            classes=self._each(f"{place}.classes", _class_or_all, one.classes),
            substances=self._each(f"{place}.substances", _one_substance, one.substances),
            excludes=self._each(f"{place}.excludes", _class_or_substance, one.excludes),
            lod=one.lod,
            printed=tuple(sorted(printed.items())) if printed is not None else None,
            shown=self._each(f"{place}.shown", _one_substance, one.shown),
        )

    def _strip(self, i: int, one: CaseStrip) -> StripFact | None:
        target = self._try(f"strips[{i}].target", words.target, one.target)
        return None if target is None else StripFact(**{**one.model_dump(), "target": target})

    def _active(self, i: int, one: CaseAlert, now: datetime) -> bool:
        for name, moment in (("from", one.start), ("until", one.until)):
            if moment is not None and moment.tzinfo is None:
                self.wrong.append(f"alerts[{i}].{name}: A moment needs its time zone, such as 2026-11-25T12:00:00Z.")
                return False
        return (one.start is None or one.start <= now) and (one.until is None or now < one.until)

    def _alert(self, i: int, one: CaseAlert) -> AlertFact:
        return AlertFact(
            id=one.id,
            substances=self._each(f"alerts[{i}].substances", _one_substance, one.substances),
            classes=self._each(f"alerts[{i}].classes", words.drug_class, one.classes),
            forms=one.forms,
            logos=one.logos,
            colours=one.colours,
        )


def _one_substance(said: str, pack: Pack) -> str:
    found, _ = words.substance(said, pack)
    if found is None:
        raise Unclear(f"“{said}” is no single substance of the register.")
    return found


def _class_or_all(said: str, pack: Pack) -> str:
    return "*" if said.strip().casefold() in ("*", "all", "everything") else words.drug_class(said, pack)


def _class_or_substance(said: str, pack: Pack) -> str:
    return words.target(said, pack)
