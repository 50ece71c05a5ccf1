"""Facts over class × method × state × form × locale, and the page of each: made once and held against every rule.

The same number always gives the same facts. `MAST_PAGES` says how many (600 unless set; `make nightly` asks for 20,000).
Every second page is made with usual amounts and interferents that this file brings along, so that the rules about them are
tried whatever the shipped tables hold.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from random import Random

from harm_messages import (
    AlertFact,
    AmountFact,
    Context,
    Facts,
    FindingFact,
    Message,
    Pack,
    Page,
    ScopeFact,
    StripFact,
    evaluate,
    load_pack,
)
from harm_messages.content import Interferent, StripRow
from harm_messages.page import EmergencyLine
from harm_messages.tables_of_use import DoseRow, Doses, UnitMass
from harm_messages.types import Abundance, Basis, Confidence, Form, LicenceMode, RunStatus, StripReading, Unit

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
PACK = load_pack()
SIGN = {"evidence": ("PACK-DRAFT",), "review_by": date(2027, 5, 1)}
# for trying the rules only: never shown to anybody, so no source
USUAL_MG = {
    "mdma": 100.0, "cocaine": 60.0, "ketamine": 50.0, "amphetamine": 40.0, "mephedrone": 100.0, "heroin": 20.0, "lsd": 0.1,
    "2c-b": 15.0, "protonitazene": 0.2, "alprazolam": 0.5, "diazepam": 10.0, "3-mmc": 100.0, "methamphetamine": 20.0,
}  # fmt: skip
UNIT_MG = {Form.TABLET: 300.0, Form.CAPSULE: 400.0, Form.BLOTTER: 15.0}
FOOLED = {"opioid.fentanyl": ("mdma", "methamphetamine", "levamisole"), "opioid.nitazene": ("caffeine",)}


def with_amounts(pack: Pack, usual: dict[str, float] = USUAL_MG) -> Pack:
    """The pack with these usual amounts, unit masses and interferents in place of its own."""
    doses = tuple(DoseRow(substance=s, usual_dose_mg=mg, status="proposed", **SIGN) for s, mg in usual.items())
    masses = tuple(UnitMass(form=form, mg=mg, **SIGN) for form, mg in UNIT_MG.items())
    table = Doses(doses=doses, unit_mass_mg=masses, usual_salt=pack.amounts_table.usual_salt)
    strips = tuple(
        StripRow(
            target=target, dilution="1 mg in 1 mL",
            no_reaction=next((r.no_reaction for r in pack.strips if r.target == target), ""),
            interferents=tuple(Interferent(substance=s, evidence=("PACK-DRAFT",)) for s in names), **SIGN,
        )
        for target, names in FOOLED.items()
    )  # fmt: skip
    return replace(pack, amounts_table=table, strips=strips)


DOSED = with_amounts(PACK)
REGISTER = PACK.substances
CLASSES = sorted(c for c in REGISTER.classes if REGISTER.members(c))
CUTS = sorted(s.id for s in REGISTER if s.cutting)
MACHINES = ("FTIR", "GC_MS", "LC_MS", "Raman")
QUICK = ("strip", "reagent", "visual")
STRIPS = ("opioid.nitazene", "opioid.fentanyl", "benzodiazepine", "sedative.alpha2", "xylazine", "stimulant.cocaine")


@dataclass(frozen=True, eq=False)
class Made:
    """One page and everything it was made from."""

    number: int
    pack: Pack
    facts: Facts
    context: Context
    locale: str
    page: Page

    def __repr__(self) -> str:
        return f"page {self.number}"

    def again(self, facts: Facts | None = None, pack: Pack | None = None, locale: str | None = None) -> Page:
        """The page of the same person with something changed."""
        return evaluate(pack or self.pack, facts or self.facts, self.context, locale or self.locale, NOW)


def count() -> int:
    """How many pages this session makes."""
    return int(os.environ.get("MAST_PAGES", "600"))


@lru_cache(maxsize=1)
def pages() -> tuple[Made, ...]:
    """All of them, made on the first call."""
    return tuple(made(number) for number in range(count()))


def some(share: int) -> tuple[Made, ...]:
    """Every `share`-th page, for what needs more pages to compare with."""
    return pages()[::share]


def made(number: int) -> Made:
    """The page with this number."""
    r = Random(f"page {number}")
    facts, context = _facts(r), _context(r)
    pack = DOSED if number % 2 else PACK
    locale = "cy" if number % 5 == 4 else "en"
    return Made(number, pack, facts, context, locale, evaluate(pack, facts, context, locale, NOW))


# -- facts -----------------------------------------------------------------------------------------


def _facts(r: Random) -> Facts:
    kind = r.random()
    if kind < 0.12:
        return _measured(r)
    if kind < 0.17:
        return _mixture(r)
    expected, words = _expected(r)
    form = r.choice([Form.TABLET, Form.POWDER, *Form])
    findings = tuple(_finding(r, expected, form) for _ in range(r.choices(range(5), (18, 37, 27, 12, 6))[0]))
    strips = tuple(_strip(r) for _ in range(r.choices(range(3), (50, 36, 14))[0]))
    fooled = [one for s in strips if s.reading is StripReading.POSITIVE for one in FOOLED.get(s.target, ())]
    if fooled and r.random() < 0.4:
        findings += (
            FindingFact(substance=r.choice(fooled), confidence=Confidence.CONFIRMED, methods=("GC_MS", "FTIR")),
        )
    return Facts(
        expected=expected,
        expected_words=words,
        form=form,
        unit_mass_mg=round(r.uniform(5, 600), 1) if r.random() < 0.2 else None,
        logo=r.choice(("", "", "star")),
        colours=r.choice(((), (), ("red",))),
        findings=findings,
        strips=strips,
        scope=tuple(_method(r, expected, findings) for _ in range(r.choices(range(4), (14, 40, 32, 14))[0])),
        alerts=tuple(_alert(r, expected) for _ in range(r.random() < 0.2)),
        same_visit=(_one_of_a_class(r),) if r.random() < 0.08 else (),
        harm_reported=r.random() < 0.06,
        second_sample=r.random() < 0.06,
    )


def _measured(r: Random) -> Facts:
    """A pill, tab or powder of one drug, named, confirmed and measured, alone or with something beside it."""
    one, form, unit, top = r.choice(
        (
            ("mdma", Form.TABLET, Unit.MG_PER_UNIT, 320), ("mdma", Form.TABLET, Unit.MG_PER_UNIT, 160), ("2c-b", Form.TABLET, Unit.MG_PER_UNIT, 60),
            ("lsd", Form.BLOTTER, Unit.UG_PER_BLOTTER, 350), ("cocaine", Form.POWDER, Unit.PERCENT, 95),
            ("amphetamine", Form.POWDER, Unit.PERCENT, 90), ("ketamine", Form.CRYSTAL, Unit.PERCENT, 99),
            ("mdma", Form.CRYSTAL, Unit.PERCENT, 95), ("cocaine", Form.ROCK, Unit.PERCENT, 95),
        )
    )  # fmt: skip
    value = round(r.uniform(5, top), 1)
    plus = round(value * r.choice((0, 0.04)), 2)
    amount = AmountFact(value=value, low=value - plus, high=value + plus, unit=unit, basis=r.choice(tuple(Basis)))
    first = FindingFact(
        substance=one,
        abundance=Abundance.MAJOR,
        confidence=Confidence.CONFIRMED,
        methods=("GC_MS", "FTIR"),
        amount=amount,
    )
    beside = tuple(_finding(r, (one,), form) for _ in range(r.random() < 0.3))
    seen = ScopeFact(method="GC_MS", classes=("*",), lod=1.0)
    return Facts(expected=(one,), form=form, findings=(first, *beside), scope=(seen,))


DOWNERS = ("opioid.fentanyl", "opioid.nitazene", "opioid.other", "benzodiazepine.novel", "sedative.alpha2", "ghb")
UPPERS = (
    "entactogen",
    "stimulant.cathinone",
    "stimulant.amphetamine",
    "psychedelic.nbome",
    "psychedelic.dox",
    "poison",
)


def _mixture(r: Random) -> Facts:
    """Two or three drugs that do the same to a body, or one of them with what does another thing."""
    classes = r.choice((DOWNERS, DOWNERS, UPPERS, (*DOWNERS, *UPPERS)))
    found = tuple(
        FindingFact(
            substance=r.choice(REGISTER.members(r.choice(classes))).id,
            confidence=r.choice((Confidence.CONFIRMED, Confidence.CONFIRMED, Confidence.INDICATED)),
            methods=("GC_MS", "FTIR"),
        )
        for _ in range(r.choice((2, 2, 3)))
    )
    seen = ScopeFact(method="GC_MS", classes=("*",), lod=1.0)
    return Facts(
        expected=(r.choice(("heroin", "diazepam", "mdma")),), form=r.choice(tuple(Form)), findings=found, scope=(seen,)
    )


def _one_of_a_class(r: Random) -> str:
    return r.choice(REGISTER.members(r.choice(CLASSES))).id


def _expected(r: Random) -> tuple[tuple[str, ...], str]:
    kind = r.choices(("nobody", "intent", "class", "word", "one", "two"), (12, 12, 10, 6, 55, 5))[0]
    if kind == "nobody":
        return (), ""
    if kind == "word":
        return (), "blue moonrise"
    if kind == "intent":
        return (r.choice(sorted(REGISTER.intents)),), ""
    if kind == "class":
        return (r.choice(CLASSES),), ""
    usual = r.choice(("mdma", "cocaine", "ketamine", "heroin", "lsd", "2c-b", "diazepam", "thc", "ghb", "amphetamine"))
    return tuple({r.choice((usual, _one_of_a_class(r))): None for _ in range(1 + (kind == "two"))}), ""


def _finding(r: Random, expected: tuple[str, ...], form: Form) -> FindingFact:
    kind = r.choices(("expected", "other", "class", "cut", "unnamed"), (42, 28, 9, 16, 5))[0]
    named = [one for one in expected if one in REGISTER]
    substance = drug_class = None
    if kind == "expected" and named:
        substance = r.choice(named)
    elif kind == "cut":
        substance = r.choice(CUTS)
    elif kind == "class":
        drug_class = r.choice((r.choice(CLASSES), "opioid", "stimulant"))
    elif kind != "unnamed":
        substance = _one_of_a_class(r)
    sure = r.choices(tuple(Confidence), (46, 24, 13, 17))[0]
    methods: tuple[str, ...] = {
        Confidence.CONFIRMED: ("GC_MS", "FTIR"),
        Confidence.INDICATED: (r.choice(MACHINES),),
        Confidence.CLASS_ONLY: r.choice((("reagent",), ("FTIR",), ())),
        Confidence.TENTATIVE: r.choice((("reagent",), ("TLC",), ())),
    }[sure]
    gone = r.random() < 0.05
    alike: tuple[str, ...] = ()
    if substance is not None and r.random() < 0.08:
        near = [s.id for s in REGISTER.members(REGISTER[substance].drug_class) if s.id != substance]
        alike = (r.choice((*near, "nobody-has-this")),)
    return FindingFact(
        substance=substance,
        drug_class=drug_class,
        abundance=Abundance.NOT_DETECTED if gone else r.choice([a for a in Abundance if a.rank]),
        confidence=sure,
        methods=methods,
        lod=r.choice((0.1, 1.0)) if gone else None,
        amount=_amount(r, form) if substance and r.random() < (0.5 if sure is Confidence.CONFIRMED else 0.1) else None,
        look_alikes=alike,
    )


def _amount(r: Random, form: Form) -> AmountFact:
    usual = {Form.TABLET: Unit.MG_PER_UNIT, Form.CAPSULE: Unit.MG_PER_UNIT, Form.BLOTTER: Unit.UG_PER_BLOTTER}
    unit = r.choice((usual.get(form, Unit.PERCENT), usual.get(form, Unit.PERCENT), *Unit))
    tops = {Unit.PERCENT: 95, Unit.MG_PER_UNIT: 320, Unit.MG_PER_ML: 900, Unit.UG_PER_BLOTTER: 400, Unit.RATIO: 9}
    value = round(r.uniform(1, tops[unit]), 1)
    plus = round(value * r.choice((0, 0.04, 0.1)), 2)
    return AmountFact(
        value=value, low=value - plus, high=min(value + plus, 100.0) if unit is Unit.PERCENT else value + plus,
        unit=unit, basis=r.choice((Basis.HYDROCHLORIDE, Basis.BASE, *Basis)),
    )  # fmt: skip


def _strip(r: Random) -> StripFact:
    return StripFact(
        target=r.choice((*STRIPS, r.choice(STRIPS), "nobody-has-this") if r.random() < 0.1 else STRIPS),
        reading=r.choices(tuple(StripReading), (20, 45, 15, 20))[0],
        brand="any",
        lot=r.choice(("L1", "L2")),
        dilution=r.choice(("", "", "1 mg in 1 mL", "1 mg in 10 mL")),
    )


def _method(r: Random, expected: tuple[str, ...], findings: tuple[FindingFact, ...]) -> ScopeFact:
    method = r.choice((*MACHINES, *MACHINES, *QUICK))
    # a strip that was planned and gave no reading at all
    unread = tuple(s for s in RunStatus if s is not RunStatus.OK)
    status = r.choice(unread) if method == "strip" or r.random() < 0.3 else RunStatus.OK
    wide = method in MACHINES and r.random() < 0.85
    named = tuple(one for one in expected if one in REGISTER)
    printed = (
        tuple((one, r.choice((0.5, 3.0))) for one in dict.fromkeys((*named, "mdma"))) if r.random() < 0.1 else None
    )
    hidden = tuple(f.substance for f in findings if f.substance)[:1]
    return ScopeFact(
        method=method,
        status=status,
        qc_passed=r.random() > 0.06,
        classes=("*",) if wide else (r.choice(STRIPS[:4] if method == "strip" else CLASSES),),
        substances=named if r.random() < 0.1 else (),
        excludes=("opioid.nitazene", "opioid.fentanyl", "psychedelic.lysergamide", "sedative.alpha2")
        if method in ("FTIR", "Raman")
        else (),
        lod=r.choice((None, 0.01, 0.1, 1.0, 5.0, 5.0)) if method in MACHINES else None,
        printed=printed if method in MACHINES else None,
        shown=hidden if r.random() < 0.05 else (),
    )


def _alert(r: Random, expected: tuple[str, ...]) -> AlertFact:
    about = r.choice(("substance", "class", "nothing", "expected"))
    named = tuple(one for one in expected if one in REGISTER)
    substances = (_one_of_a_class(r),) if about == "substance" else named if about == "expected" else ()
    return AlertFact(
        id="A-1",
        substances=substances,
        classes=(r.choice(CLASSES),) if about == "class" else (),
        forms=r.choice(((), (), (Form.TABLET, Form.POWDER))) if about != "nothing" else (Form.TABLET, Form.POWDER),
        logos=r.choice(((), (), ("star",))),
        colours=r.choice(((), (), ("red",))),
    )


def _context(r: Random) -> Context:
    told = (r.choice(sorted(PACK.co_use)),) if r.random() < 0.15 else ()
    return Context(
        licence_mode=LicenceMode.FOH_GENERAL, released=True, session_place="the welfare tent", also_taking=told
    )


# -- reading a page --------------------------------------------------------------------------------


def parts(page: Page) -> Iterator[tuple[str, Message]]:
    """(section, message) in reading order."""
    for name, part in page.sections():
        for one in part:
            yield from ((name, m) for m in (one.parts if isinstance(one, EmergencyLine) else (one,)))


def visible(page: Page) -> str:
    """Everything a person reads without a tap."""
    each = (t for name, m in parts(page) if name != "more" for t in (m.title, m.because, m.text))
    return "\n".join(t for t in (*each, page.told_us) if t)


def behind(page: Page) -> str:
    """Everything behind "More", and all of the cards that wait there."""
    each = [m.more_text for _, m in parts(page)]
    each += [t for name, m in parts(page) if name == "more" for t in (m.title, m.because, m.text)]
    return "\n".join(t for t in each if t)


def whole(page: Page) -> str:
    """All words of the page, read-aloud included."""
    return "\n".join((visible(page), behind(page), *(m.spoken for _, m in parts(page))))


def shape(page: Page) -> list[tuple[str, str, str]]:
    """(section, message, severity) of all that the page says, without its words."""
    return [(name, m.id, m.severity.value) for name, m in parts(page)]


def ids(page: Page) -> set[str]:
    """Every message of the page, those that a card speaks for included."""
    return {m.id for _, m in parts(page)} | {one for _, m in parts(page) for one, _ in m.joined}


def present(facts: Facts) -> list[FindingFact]:
    """The findings that are there."""
    return [f for f in facts.findings if f.abundance is not Abundance.NOT_DETECTED]


def firm(facts: Facts) -> list[FindingFact]:
    """Those of them that are at least indicated, with a name or class."""
    sure = (Confidence.CONFIRMED, Confidence.INDICATED)
    return [f for f in present(facts) if f.confidence in sure and not f.unidentified]


@cache
def class_of(substance: str) -> str:
    """The register class of a substance."""
    return REGISTER[substance].drug_class


def of(finding: FindingFact) -> str:
    """The class of a finding; "" where nobody could name it."""
    return class_of(finding.substance) if finding.substance else finding.drug_class or ""


def under(drug_class: str, *wanted: str) -> bool:
    """Whether a class is one of those wanted or lies under one."""
    return any(f"{drug_class}.".startswith(f"{w}.") for w in wanted)


# -- holding a rule --------------------------------------------------------------------------------

Oracle = Callable[[Made], str | None]
"""None: the rule has nothing to say of this page; "": it holds; else what is wrong."""


def held(oracle: Oracle, over: Iterable[Made] | None = None, least: int = 20) -> None:
    """The rule holds on every page, and had something to say on at least this many of 2,000."""
    every = tuple(pages() if over is None else over)
    said = [(m, s) for m in every if (s := oracle(m)) is not None]
    wrong = [f"{m}: {s}" for m, s in said if s]
    assert not wrong, f"{len(wrong)} of {len(said)} pages: " + "\n".join(wrong[:6])
    assert len(said) >= max(1, least * count() // 2000), f"only {len(said)} pages ask for this rule"
