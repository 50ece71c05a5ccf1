"""The few spellings of units we give out, from the many that files use. Pure; imports spectra.types only.

Canonical: x "cm-1", "nm", "um", "m/z", "min", "s"; y "absorbance", "transmittance", "transmittance (%)",
"reflectance", "reflectance (%)", "log(1/R)", "kubelka-munk", "single beam", "counts", "intensity", "relative
intensity". Two that no file gives and a person says: "diffuse reflectance (%)", and "inverted absorbance (%)", which is
100 (1 − A/Amax). A spelling not listed is kept as the file has it; `meta` keeps the file's words anyway.
"""

from __future__ import annotations

import re
import unicodedata

from spectra.types import Level, ReadingKind, Remark

_X: tuple[tuple[str, str], ...] = (
    (
        r"cm\s*(?:\^|\*\*)?[({]?\s*-\s*1[)}]?|1\s*/\s*cm|(?<![asvwgl])(?<![asvwgl] )/\s*cm\b|rec(iprocal)?\.? ?c(enti)?m(eters?)?|wave ?numbers?"
        r"|wellenzahl(en)?|nombres? d'? ?onde|numeros? d(e|i) onda|onda numero|golfgetal|golftal|vagtal|raman ?-?shift"
        r"|raman ?verschiebung|liczba falowa|волнов(ое|ые) числ|см\s*\^?-1|波数",  # the letters of см are Cyrillic
        "cm-1",
    ),
    (
        r"m\s*/\s*z\b|\bmz\b|m\.z|(?<!molar )\bmass(e|a)?(/charge)?\b(?![^,;\t]*[/(\[] ?(?:%|[kmun]?g\b))|\bdaltons?\b|^ions?$|\bthomp?sons?\b|\bamu\b",
        "m/z",
    ),
    (
        r"\bnm\b|^wl$|nanomet(er|re)s?|wave ?lengths?|wellenlange|longueur d'? ?onde|longitud de onda|lunghezza d'? ?onda"
        r"|comprimento de onda|golflengte|vaglangd|dlugosc fali|длин[аы] волн|\bнм\b|波[长長]",
        "nm",
    ),
    (r"micromet(er|re)s?|\bmicrons?\b|\bum\b", "um"),
    (r"\bmins?\b|minutes?|minuten|minuti|minutos|minuter", "min"),
    (r"\bs\b|\bsecs?\b|(?<![a-z])(?:seconds?|sekunden?|secondes?|segundos|secondi)", "s"),
)
_Y: tuple[tuple[str, str], ...] = (
    (r"kubelka|\bk-?m\b", "kubelka-munk"),
    (r"log\s*\(?\s*1\s*/\s*r", "log(1/R)"),
    (r"single ?beam|einkanal|mono ?faisceau", "single beam"),
    (
        r"%\s*t\b|%\s*trans|trans[a-z]*\.?\s*[\[(/]?\s*%|percent trans|\bt\s*[\[(/]\s*%|^t ?%$"
        r"|(?:пропускани[ея]|透[过過射]率)\s*[\[(/]?\s*%",
        "transmittance (%)",
    ),
    (r"%\s*r\b|%\s*refl|refle[a-z]*\.?\s*[\[(/]?\s*%|percent refl|\br\s*[\[(/]\s*%", "reflectance (%)"),
    (r"transmit|transmis|trasmit|пропускани|透[过過射]率", "transmittance"),
    (r"reflec|reflek|reflex|rifle|отражени|反射率", "reflectance"),
    (r"\babs(olute|\.)? ?int", "intensity"),
    (
        r"absorb|absorpt(?!ivi|ion coef)|extinktion(?!skoeff)|assorb|\babs?\b|^a\s*[\[(/]\s*(a\.? ?u\b|1\b|-)|\bm?au\b|absorvan|поглощени|оптическая плотность|吸光度|optical densit|^o\.? ?d\.?$|extinction(?! coef)",
        "absorbance",
    ),
    (r"\bcounts?\b|\bcts\b|\bcnts?\b|\bcps\b", "counts"),
    (r"relative|rel\.|\babund\w*\W*%|%\W*abund", "relative intensity"),
    (r"^i$|intensit|\babund|signal|\bint\b|response|height|intensidad|intensite", "intensity"),
)
# What programs of Raman instruments write: LabSpec, WiRE, WITec; and ENLIGHTEN, whose laser speaks where no ordinate
# does. That of another program may be the laser of an interferometer.
OF_RAMAN = re.compile(r"raman|witec|bwram|#spectro ?\(cm-1\)|#wave\s+#intensity|\brel\. 1/cm")
_LASER = re.compile(r"\blaser wavelength\W{1,3}[1-9]")
_LASER_POWER = re.compile(r"\blaser ?power")
X_UNITS = ("cm-1", "nm", "um", "m/z", "min", "s")
Y_UNITS = (
    "absorbance", "transmittance", "transmittance (%)", "reflectance", "reflectance (%)", "log(1/R)", "kubelka-munk",
    "diffuse reflectance (%)", "inverted absorbance (%)", "single beam", "counts", "intensity", "relative intensity",
)  # fmt: skip
TIMES = frozenset({"min", "s"})
# A unit of something per length is none of an axis: M-1 cm-1 of absorptivities, V cm-1 of fields, W/cm^2/nm of lamps, mAU*s of areas.
_COMPOUND = re.compile(
    r"(?:\bm(?:ol)?\s*\^?[({]?\s*-\s*1[)}]?|(?:[\[(]|^|\bfield )\s*(?:[kmun]?[aswv]|ohms?|db|l|m?mol|[kmun]?g))[\s.*\u00b7\u22c5]*cm\s*\^?[({]?\s*-\s*1[)}]?"
    r"|/[\s\w^-]{1,8}/\s*nm\b|\bnm\s*(?:\^?-\s*1\b|/\s*(?:min|s)\b)|\*\s*(?:s|min)\b"
)
_LONGEST = 400  # characters of a field that are looked at; some patterns cost the square


# Whatever stands for a minus, superscript or not, and the two letters that are micro.
_SIGNS = dict.fromkeys(map(ord, "\u207b\u2212\u2010\u2011\u2012\u2013\u00af\u02c9\ufe63\uff0d"), "-") | {
    0xB5: "u",
    0x3BC: "u",
}


def plain(text: str) -> str:
    """Lower case, accents folded, superscripts as digits: 'Wellenlänge' → 'wellenlange', 'cm⁻¹' → 'cm-1'."""
    folded = unicodedata.normalize("NFKD", text.translate(_SIGNS))
    folded = "".join(c for c in folded if not unicodedata.combining(c))
    return folded.lower().replace("\u2019", "'").replace("_", " ").strip()


_FOREIGN = re.compile(
    r"[\[(/]\s*(\u00c5|\u212b|angstroms?|[pm]?m|(?:1\s*/\s*|/)[mu\u03bc\u00b5]?m|[mu\u03bc\u00b5]?m\s*\^?[-\u2212\u207b]\s*[1\u00b9]|m?ev|[tgmk]?hz|kda|[mun\u03bc\u00b5]s"
    r"|h|hours?|days?|milliseconds?|microseconds?)\s*[\])]?\s*$",
    re.I,
)


_VOLUME = re.compile(
    r"(?:(?:elution |ret(?:ention|\.) )?vol(?:ume|\.)? ?[\[(/] ?)?(ml)[\])]?", re.I
)  # that a column let through


def foreign_unit(text: str) -> str:
    """A unit of x that the text gives at its end and that is none of ours, as it is spelled; '' if there is none."""
    match = _FOREIGN.search(text[:_LONGEST]) or _VOLUME.fullmatch(text.strip()[:_LONGEST])
    return match[1].strip() if match else ""


def two_units(text: str) -> bool:
    """Whether a name of an axis holds two units: in brackets and behind them, or a wavenumber in nm, a wavelength in cm-1."""
    match = re.search(r"^(.{0,80}?)[\[(]([^\])]{1,40})[\])](?:\s+(\S{1,40}))?$", text[:_LONGEST].strip())
    name, first, second = (x_unit(part or "") for part in match.groups()) if match else ("", "", "")
    return bool(first and second and first != second) or sorted((name, first)) in (["cm-1", "nm"], ["cm-1", "um"])


def x_unit(text: str) -> str:
    """Canonical x unit found in a header or unit field, '' if none is recognised or another is given in so many words."""
    words = _COMPOUND.sub("", plain(text[:_LONGEST]))
    if foreign_unit(text):
        return ""
    if re.search(
        r"ret(ention|entions)?[ -]?(time|zeit)|retentionszeit|\br\.?t(ime)?\b|\b(time|zeit|temps|tiempo|tempo)\b", words
    ):
        return next((u for p, u in _X[4:] if re.search(p, words)), "")
    explicit = re.search(r"[\[(]([^\])]*)[\])]\s*$", words)  # "Wavenumber (nm)" trusts the bracket
    for part in ([explicit.group(1)] if explicit else []) + [words]:
        for pattern, unit in _X:
            if re.search(pattern, part):
                return unit
    return ""


def is_time(text: str) -> bool:
    """Whether a column header names a time axis."""
    pattern = r"\btime\b|\bzeit\b|retention|\br\.?t\.?\b|r\.time|\btemps\b|\btiempo\b|\btempo\b|^min(utes?)?$|^x ?[\[(](min|s|sec)(utes?|onds?)?[\])]$"
    return bool(re.search(pattern, plain(text[:_LONGEST])))


def y_unit(text: str, kind: ReadingKind | None = None) -> str:
    """Canonical y unit found in a header or unit field, '' if none is recognised. A alone is absorbance of a spectrum of light."""
    if text.strip() == "A" and kind in (ReadingKind.IR, ReadingKind.UV):
        return "absorbance"
    words = plain(text[:_LONGEST])
    return next((unit for pattern, unit in _Y if re.search(pattern, words)), "")


def kind_of(x: str, y: str, words: str = "") -> ReadingKind:
    """What a reading is, from canonical units and any words around it; OTHER when they do not say."""
    around = plain(words)
    if x == "m/z":
        return ReadingKind.MASS_SPECTRUM
    if x in ("min", "s"):
        return ReadingKind.CHROMATOGRAM
    if x == "nm":
        return ReadingKind.UV
    if x in ("cm-1", "um"):
        if (
            OF_RAMAN.search(around)
            or y in ("counts", "intensity")
            or (not y and (_LASER_POWER.search(around) or ("enlighten" in around and _LASER.search(around))))
        ):
            return ReadingKind.RAMAN
        return ReadingKind.IR
    return ReadingKind.OTHER


def scaled(unit: str, largest: float) -> tuple[str, tuple[Remark, ...]]:
    """The y unit with the scale its values have: "transmittance" up to about 1, "transmittance (%)" up to 100."""
    name = unit.removesuffix(" (%)")
    if name not in ("transmittance", "reflectance"):
        return unit, ()
    true = f"{name} (%)" if largest > 2.0 else name
    if true == unit:
        return unit, ()
    scale = "0 to 100" if largest > 2.0 else "0 to 1"
    return true, (Remark(Level.INFO, "ordinate_scale", f"The {name} values run from {scale}."),)
