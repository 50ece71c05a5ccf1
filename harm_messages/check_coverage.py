"""Does the pack answer for every class, role, band and confidence? Each cell gives a page that says enough.

Imports this package only.
"""

from __future__ import annotations

from collections.abc import Iterator

from harm_messages.check_pages import Pages
from harm_messages.content import BandRow, ClassRow
from harm_messages.errors import Problem
from harm_messages.pack import Pack
from harm_messages.page import Page
from harm_messages.places import register_problem, table_problem
from harm_messages.register import Substance
from harm_messages.types import (
    Abundance,
    AmountFact,
    Band,
    Confidence,
    Facts,
    FindingFact,
    HarmMessageError,
    Severity,
    Slot,
)
from harm_messages.witness import EVERYTHING, RELEASED, inside

ANY_CLASS_SLOTS = (Slot.DANGER, Slot.DIFFERENCE, Slot.SAFER_USE)
BAND_FLOORS = {Band.HIGH: Severity.S2, Band.VERY_HIGH: Severity.S1, Band.EXTREME: Severity.S1}


def coverage_problems(pack: Pack, pages: Pages) -> Iterator[Problem]:
    """Cells without a full page, classes and substances nothing is said about, floors that are not kept."""
    for class_id, row in pages.each(pack.substances.classes.items()):
        members = pack.substances.members(class_id)
        own = [m for m in members if m.drug_class == class_id]
        said = [] if members else ["No substance of the register has this class."]
        by_class = FindingFact(drug_class=class_id, confidence=Confidence.INDICATED)
        page = _page(pages, Facts(findings=(by_class,), scope=(EVERYTHING,)))
        said += _answers(page, row.floor if row.psychoactive else None)
        said += [s for facts in _cells(pack, class_id, own) for s in _full(_page(pages, facts))]
        for one in dict.fromkeys(said):
            yield table_problem(pack, "classes.yaml", "coverage", one, [class_id], where=class_id)
    for substance in pages.each(pack.substances):
        for one in dict.fromkeys(_substance(pack, substance, pages)):
            yield register_problem(pack, substance.id, "coverage", one)
    for index, band_row in pages.each(enumerate(pack.bands)):
        for one in _bands(pack, band_row, pages):
            yield table_problem(pack, "bands.yaml", "coverage", one, [index], where=band_row.id)


def _page(pages: Pages, facts: Facts) -> Page | str:
    """The page, or why there is none."""
    try:
        return pages.of(facts, RELEASED)
    except HarmMessageError as error:
        return f"No page can be shown: {error}."


def _full(page: Page | str) -> list[str]:
    if isinstance(page, str):
        return [page]
    empty = [
        n
        for n, p in (("headline", page.headline), ("limits", page.limits), ("emergency block", page.emergency))
        if not p
    ]
    return [f"A page without {' and '.join(empty)}."] if empty else []


def _answers(page: Page | str, floor: Severity | None) -> list[str]:
    """Nothing to say beyond the name, or said too mildly."""
    said = _full(page)
    if isinstance(page, str):
        return said
    specific = [m for m in (*page.body, *page.safer_use) if m.slot in ANY_CLASS_SLOTS and m.topic != "use.general"]
    if not specific:
        said.append("Nothing is said about it beyond its name.")
    if floor is not None and page.top_severity.rank > floor.rank:
        said.append(f"Its page reaches {page.top_severity} at most; the class asks for {floor}.")
    return said


# -- class × role × confidence ---------------------------------------------------------------------


def finding_of(row: Substance, confidence: Confidence = Confidence.CONFIRMED) -> FindingFact:
    """One major finding of this row."""
    return FindingFact(substance=row.id, confidence=confidence, abundance=Abundance.MAJOR)


def other_than(pack: Pack, class_id: str) -> Substance:
    """A drug of another class, to be expected in its place."""
    return pack.substances["mdma" if class_id != pack.substances["mdma"].drug_class else "ketamine"]


def _cells(pack: Pack, class_id: str, members: list[Substance]) -> Iterator[Facts]:
    """Expected, in its place, beside it, not said; and what it comes with: at every confidence, by name and by class."""
    other = other_than(pack, class_id)
    for level in Confidence:
        cells = [FindingFact(drug_class=class_id, confidence=level)]
        cells += [finding_of(row, level) for row in members[:1]]
        for cell in cells:
            own = cell.substance or class_id
            comes_with = [c.expected for c in pack.closures if cell.substance in c.byproducts]
            for expected in ((own,), (other.id,), (), *((c,) for c in comes_with)):
                yield Facts(expected=expected, findings=(cell,), scope=(EVERYTHING,))
            yield Facts(expected=(other.id,), findings=(cell, finding_of(other)), scope=(EVERYTHING,))


def _substance(pack: Pack, row: Substance, pages: Pages) -> Iterator[str]:
    cls: ClassRow = pack.substances.classes[row.drug_class]
    floor = cls.floor if row.psychoactive or not cls.psychoactive else None
    yield from _answers(_page(pages, Facts(findings=(finding_of(row),), scope=(EVERYTHING,))), floor)
    other = other_than(pack, row.drug_class)
    if row.psychoactive and not row.cutting:
        for beside in ((), (finding_of(other),)):
            facts = Facts(expected=(other.id,), findings=(finding_of(row), *beside), scope=(EVERYTHING,))
            if _top(_page(pages, facts)) > Severity.S2.rank:
                yield "It is a drug nobody expected here, yet nothing on the page is S2 or graver."
    if cls.always_warn != "no" or row.id in pack.flags.always_warn:
        weak = Facts(expected=(other.id,), findings=(finding_of(row, Confidence.TENTATIVE),), scope=(EVERYTHING,))
        if _top(_page(pages, weak)) > Severity.S1.rank:
            yield "It is always warned of, yet weak evidence of it gives no S0 or S1."


def _top(page: Page | str) -> int:
    return Severity.S4.rank if isinstance(page, str) else page.top_severity.rank


# -- bands -----------------------------------------------------------------------------------------


def bands_of(row: BandRow) -> list[Band]:
    """The bands this row has edges for."""
    absent = {Band.NOT_MEASURED}
    absent |= {Band.BELOW} if row.below_max is None else set()
    absent |= {Band.EXTREME} if row.very_high_max is None else set()
    return [band for band in Band if band not in absent]


def _bands(pack: Pack, row: BandRow, pages: Pages) -> Iterator[str]:
    for band in bands_of(row):
        measured = AmountFact(value=inside(row, band), unit=row.unit, basis=row.basis)
        finding = FindingFact(substance=row.substance, confidence=Confidence.CONFIRMED, amount=measured)
        for form in row.forms:
            page = _page(pages, Facts(expected=(row.substance,), form=form, findings=(finding,)))
            yield from _full(page)
            if isinstance(page, str):
                continue
            card = next((m for m in page.body if m.slot is Slot.STRENGTH), None)
            floor = BAND_FLOORS.get(band, Severity.S4)
            if card is None or card.severity.rank > floor.rank:
                yield f"Strength “{band}” ({form}) has no strength card of {floor} or graver."
            if band is Band.EXTREME and "propose_alert:T1" not in page.staff_actions:
                yield f"Strength “{band}” ({form}) must propose an alert (staff_action propose_alert:T1)."
