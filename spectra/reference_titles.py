"""What the title of a reference spectrum says: number, names, salt form; and how a sample was held in the beam.

Why: libraries keep one file per measurement and tell salt from base in the title only. Imports `spectra.exactmass`
and the table of salt forms only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from spectra.exactmass import FormulaError, parse_formula
from spectra.quantify.salts import forms

_NUMBER = re.compile(r"#\s?(\d{1,6}[a-z]?)\s*[-–:]\s*(?=\S)", re.I)
_CAS_AT_END = re.compile(r"(?<=\S)[\s,(-]+(\d{2,7}-\d{2}-\d)\)?(?:\s+run\s?\d*)?$", re.I)
_CALLED: dict[str, tuple[str, ...]] = {
    "base": ("free base", "freebase", "base"),
    "hydrochloride": ("hydrochloride", "hydrochlorid", "hcl", "xhcl"),
    "dihydrochloride": ("dihydrochloride", "2hcl", "di hcl"),
    "hydrobromide": ("hydrobromide", "hbr"),
    "hydroiodide": ("hydroiodide",),
    "hemisulfate": ("hemisulfate", "hemisulphate"),
    "hydrogen sulfate": ("hydrogen sulfate", "hydrogen sulphate", "hydrogensulfate", "bisulfate", "bisulphate"),
    "hemifumarate": ("hemifumarate",),
    "bitartrate": ("bitartrate", "hydrogen tartrate"),
    "sodium salt": ("sodium salt", "na salt"),
    "potassium salt": ("potassium salt",),
    "hydrate": ("monohydrate", "dihydrate", "trihydrate", "hemihydrate", "hydrate", "h2o"),
}
_MAY_BE_AN_ESTER: dict[str, tuple[str, ...]] = {
    "sulfate": ("sulfate", "sulphate"),
    "sodium salt": ("sodium",),
    "potassium salt": ("potassium",),
    "mesilate": ("mesilate", "mesylate"),
    **{acid: (acid,) for acid in (
        "acetate", "benzoate", "citrate", "fumarate", "maleate", "nitrate", "oxalate", "phosphate", "succinate", "tartrate",
    )},
}  # fmt: skip
"""Last words that name a salt of a base, and as often an ester: dimethyl fumarate is no fumarate of "dimethyl"."""


def _last_word(words: dict[str, tuple[str, ...]]) -> re.Pattern[str]:
    spelled = sorted((s for spellings in words.values() for s in spellings), key=len, reverse=True)
    joined = "|".join(re.escape(s).replace(r"\ ", r"\s+") for s in spelled)
    return re.compile(rf"(?:[\s,·.*-]+|\s*[\s(·][x×]?\s*)\(?({joined})\)?$", re.I)


_SURE, _PERHAPS = _last_word(_CALLED), _last_word(_MAY_BE_AN_ESTER)
_FORM = {s: form for words in (_CALLED, _MAY_BE_AN_ESTER) for form, spellings in words.items() for s in spellings}

_SAMPLING = (
    (r"\bATR\b|attenuated|\bdiamond\b|golden gate", "ATR"),
    (r"\bGC\b|GC[-/ ]?(?:FT)?IR|gas chromatogra", "GC-IR"),
    (r"raman", "Raman"),
    (r"\bDRIFTS?\b|diffuse", "diffuse reflectance"),
    (r"specular|external reflect|\breflect", "reflectance"),
    (r"\bKBr\b|pellet|potassium bromide", "transmission, pellet"),
    (r"nujol|\bmull\b", "transmission, mull"),
    (r"\bgas\b|vapou?r", "transmission, gas"),
    (r"solution|\bCCl4\b|\bCS2\b", "transmission, solution"),
    (r"transmi|\bfilm\b|\bcell\b|neat|liquid", "transmission"),
)


@dataclass(frozen=True, slots=True)
class Title:
    """A title taken apart. `name` without the number, `names` of the substance without the words of `form`.

    `sure`: the form is none that could as well be the name of an ester. `cas`: a CAS number that ended the title.
    """

    number: str
    name: str
    names: tuple[str, ...]
    form: str = ""
    sure: bool = True
    cas: str = ""


def read_title(title: str) -> Title:
    """Number, names and form of a title; a title of one name and nothing else comes back as that name.

    >>> one = read_title("#0016n - Methylone / bk-MDMA HCl")
    >>> one.number, one.name, one.names, one.form
    ('#0016n', 'Methylone / bk-MDMA HCl', ('Methylone', 'bk-MDMA'), 'hydrochloride')
    >>> read_title("Dimethyl fumarate").form, read_title("Dimethyl fumarate").sure
    ('fumarate', False)
    >>> read_title("Acetone 67-64-1 run2").name, read_title("Acetone 67-64-1 run2").cas
    ('Acetone', '67-64-1')
    """
    title = " ".join(title.split())
    numbered = _NUMBER.match(title)
    number, name = (f"#{numbered[1]}", title[numbered.end() :]) if numbered else ("", title)
    cas, at = "", _CAS_AT_END.search(name)
    if at and (cas := cas_number(at[1])):
        name = name[: at.start()].rstrip(" ,-(")
    parts = [part for part in (p.strip() for p in re.split(r"\s+/\s+|;\s*", name)) if part]
    found, forms_found, sure = [], [], True
    for part in parts:
        bare, form, safe = without_form(part)
        found.append(bare)
        if form:
            forms_found.append(form)
            sure = sure and safe
    return Title(number, name, tuple(dict.fromkeys(found)), forms_found[0] if forms_found else "", sure, cas)


def cas_number(text: str) -> str:
    """A CAS number with a right check digit, else nothing: spreadsheets turn these into dates.

    >>> cas_number("42542109"), cas_number("58-08-2"), cas_number("58-08-21")
    ('42542-10-9', '58-08-2', '')
    """
    found = re.fullmatch(r"\s*(\d{2,7})-?(\d{2})-?(\d)\s*", text)
    if not found:
        return ""
    digits = found.group(1) + found.group(2)
    check = sum(int(d) * k for k, d in enumerate(reversed(digits), start=1)) % 10
    return f"{found.group(1)}-{found.group(2)}-{found.group(3)}" if check == int(found.group(3)) else ""


def without_form(name: str) -> tuple[str, str, bool]:
    """A name less its last words of form, the form, and whether that is sure.

    >>> without_form("Cocaine hydrochloride"), without_form("Morphine sulfate"), without_form("Base")
    (('Cocaine', 'hydrochloride', True), ('Morphine', 'sulfate', False), ('Base', '', True))
    """
    bare, named, sure = name, [], True
    for _ in range(3):  # "X HCl monohydrate", "X hydrochloride (hydrate)"
        hit = _SURE.search(bare)
        if hit is None and (hit := _PERHAPS.search(bare)) is not None:
            sure = False
        if hit is None or not any(c.isalnum() for c in bare[: hit.start()]):
            break
        named.append(_FORM[" ".join(hit[1].casefold().split())])
        bare = bare[: hit.start()].rstrip(" ,-·.*(")
    return bare, " ".join(reversed(named)), sure


def sampling_of(*texts: str) -> str:
    """How the sample was held in the beam, from the first text that says it; "" where none does.

    >>> sampling_of("ATR direct measurement"), sampling_of("TRANSMISSION", "SOLID (1.0% IN KBr PELLET)"), sampling_of("-")
    ('ATR', 'transmission', '')
    """
    for text in texts:
        for pattern, word in _SAMPLING:
            if re.search(pattern, text, re.I):
                return word
    return ""


def same_molecule(stated: str, base: str) -> bool | None:
    """Whether a formula as a library states it is `base` or a salt or hydrate of it; None where one is no formula.

    >>> same_molecule("C17H21NO4.HCl", "C17H21NO4"), same_molecule("C17H22ClNO4", "C17H21NO4"), same_molecule("C8H10", "C6H6")
    (True, True, False)
    """
    dotted = re.sub(r"\s+[x×]\s*", ".", stated.strip()).replace(" ", "")
    try:
        atoms, wanted = parse_formula(dotted), parse_formula(base)
        parts = [parse_formula(re.sub(r"^\d+", "", part)) for part in re.split(r"[.·*]", dotted)]
    except FormulaError:
        return None
    if atoms == wanted or wanted in parts:
        return True
    for form in forms():
        counted = {element: form.bases * n for element, n in wanted.items()}
        for formula, sign in ((form.adds, 1), (form.removes, -1)):
            for element, n in (parse_formula(formula) if formula else {}).items():
                counted[element] = counted.get(element, 0) + sign * n
        if {element: n for element, n in counted.items() if n} == atoms:
            return True
    return False
