"""The words of a case in the package's vocabulary: "pill", "HCl", "GC-MS", "QC failed", "mandy".

Why tolerant: cases are written by people; a synonym must not decide what is tested. What is not known is refused,
never guessed. Imports this package only.
"""

from __future__ import annotations

import re
from typing import Any

from harm_messages.pack import Pack
from harm_messages.register import Match, MatchKind, normalise

# word as normalised by `key` → the word of the vocabulary
FORMS = {
    "pill": "tablet", "pills": "tablet", "tablets": "tablet", "caps": "capsule", "cap": "capsule", "capsules": "capsule",
    "powders": "powder", "crystals": "crystal", "shard": "crystal", "rocks": "rock", "stone": "rock", "blotters": "blotter",
    "paper": "blotter", "fluid": "liquid", "solution": "liquid", "herb": "plant", "herbal": "plant", "plant_material": "plant",
    "food": "edible", "gummy": "edible", "vape_liquid": "vape", "e_liquid": "vape", "vape_cartridge": "vape",
    "unknown": "other", "": "other",
}  # fmt: skip
UNITS = {
    "%": "percent_ww", "percent": "percent_ww", "%_w_w": "percent_ww", "percent_w_w": "percent_ww", "%ww": "percent_ww",
    "mg": "mg_per_unit", "mg_per_pill": "mg_per_unit", "mg_per_tablet": "mg_per_unit", "mg_pill": "mg_per_unit",
    "mg_per_capsule": "mg_per_unit", "mg_unit": "mg_per_unit", "mg_tablet": "mg_per_unit", "mg_ml": "mg_per_ml",
    "ug": "ug_per_blotter", "ug_blotter": "ug_per_blotter", "ug_per_tab": "ug_per_blotter", "ug_tab": "ug_per_blotter",
    "parts": "ratio",
}  # fmt: skip
BASES = {
    "hcl": "hydrochloride", "salt_hcl": "hydrochloride", "hcl_salt": "hydrochloride", "hydrochloride_salt": "hydrochloride",
    "as_hydrochloride": "hydrochloride", "free_base": "base", "freebase": "base", "as_base": "base",
    "salt": "other_salt", "other": "other_salt", "not_known": "unknown", "unstated": "unknown", "": "unknown",
}  # fmt: skip
CONFIDENCES = {"class": "class_only", "likely": "indicated", "presumptive": "tentative", "strip": "class_only"}
ABUNDANCES = {
    "present": "present_unquantified", "unquantified": "present_unquantified", "not_found": "not_detected",
    "absent": "not_detected", "main": "major", "traces": "trace",
}  # fmt: skip
READINGS = {"pos": "positive", "neg": "negative", "weak": "faint", "faint_line": "faint", "control_failed": "invalid"}
OUTCOMES = {
    "done": "ok", "passed": "ok", "complete": "ok", "completed": "ok", "ran": "ok", "running": "pending", "waiting": "pending",
    "not_run": "not_run", "not_tested": "not_run", "unsuitable": "not_run", "skipped": "not_run", "failed": "instrument_fault", "fault": "instrument_fault", "error": "instrument_fault",
    "insufficient": "insufficient_sample", "too_little": "insufficient_sample", "carry_over": "contaminated",
}  # fmt: skip
QC_FAILED = ("qc_failed", "qc_fail", "failed_qc")
LICENCES = {
    "general": "foh_general", "foh": "foh_general", "front_of_house": "foh_general",
    "dependent_adult": "foh_dependent_adult", "foh_dependent_adults": "foh_dependent_adult",
    "boh": "boh_no_individual_results", "back_of_house": "boh_no_individual_results",
}  # fmt: skip
METHODS = (
    "FTIR", "Raman", "GC_MS", "LC_MS", "DART_MS", "ambient_MS", "qNMR", "GC_FID", "LC_UV", "TLC", "UV", "GC_RT", "LC_RT",
    "strip", "reagent", "visual",
)  # fmt: skip
_METHODS = {re.sub(r"[^a-z]", "", m.casefold()): m for m in METHODS} | {
    "infrared": "FTIR",
    "ir": "FTIR",
    "atrftir": "FTIR",
}
NOBODY_KNOWS = ("", "unknown", "unidentified", "not identified", "none")


class Unclear(ValueError):
    """A word of a case that means nothing here, or several things."""


def key(value: Any) -> Any:
    """Case, spaces and hyphens do not matter; anything but text stays as it is."""
    if not isinstance(value, str):
        return value
    return re.sub(r"[\s/().-]+", "_", value.strip().casefold().replace("µ", "u").replace("μ", "u")).strip("_")


def method(value: str) -> str:
    """The name of a method as the pack says it; an unknown one stays as it was written."""
    return _METHODS.get(re.sub(r"[^a-z]", "", value.casefold()), value.strip())


def substance(words: str, pack: Pack) -> tuple[str | None, str | None]:
    """(register id, None), (None, class), or (None, None) for what nobody could name. Unclear for anything else."""
    if normalise(words) in NOBODY_KNOWS:
        return None, None
    if words in pack.substances:
        return words, None
    if pack.substances.is_class(words):
        return None, words
    one = _meant(words, pack)
    if isinstance(one, str):
        return None, one
    if one.kind is MatchKind.INTENT:
        classes = {pack.substances[s].drug_class for s in pack.substances.intents[one.id].covers}
        if len(classes) == 1:  # "G"
            return None, classes.pop()
        raise Unclear(f"“{words}” is what people say, no substance or class that can be found.")
    return (None, one.id) if one.kind is MatchKind.CLASS else (one.id, None)


def drug_class(words: str, pack: Pack) -> str:
    """A class by its id, its last part ("nitazene") or its plain words ("a nitazene")."""
    register = pack.substances
    if register.is_class(words):
        return words
    said = normalise(words)
    ends = [c for c in register.classes if normalise(c.rsplit(".", 1)[-1]) in (said, said.removesuffix("s"))]
    plain = [c for c, row in register.classes.items() if _bare(row.plain) == _bare(words)]
    for found in (plain, ends):
        if len(found) == 1:
            return found[0]
    raise Unclear(f"“{words}” is no class of the register; it was not read as “not found”.")


def _bare(words: str) -> str:
    return re.sub(r"^(an?|the) ", "", normalise(words)).removesuffix("s")


def target(words: str, pack: Pack) -> str:
    """What a strip is for: a class, or a substance where strips are made for one."""
    try:
        return drug_class(words, pack)
    except Unclear:
        one, cls = substance(words, pack)
        found = one or cls
        if found is None:
            raise
        return found


def expected(words: str, pack: Pack) -> str | None:
    """A substance, a class or what people say ("tusi", "not sure") as an id; None for a word that nobody knows, which
    opens a page all the same. Unclear where the words mean several things."""
    register = pack.substances
    if words in register.intents or words in register or register.is_class(words):
        return words
    try:
        one = _meant(words, pack)
    except Unclear:
        if any(m.kind is not MatchKind.CLASH for m in register.resolve(words)):
            raise
        return None
    return one if isinstance(one, str) else one.id


def also_taking(words: str, pack: Pack) -> str:
    """A row of the co-use list, a substance or a class. The words are never repeated."""
    said = normalise(words)
    for row in pack.co_use.values():
        if said in {normalise(w) for w in (row.id, row.label, *row.aliases)}:
            return row.id
    try:
        one, cls = substance(words, pack)
    except Unclear:
        one = cls = None
    if one is None and cls is None:
        raise Unclear("This is a word the pack does not know. It is not repeated here; use its co-use list.")
    return one or cls or ""


def _meant(words: str, pack: Pack) -> Match | str:
    """The one thing these words mean, or the id of a class said in plain words. A name stands before what it
    collides with."""
    found = [m for m in pack.substances.resolve(words) if m.kind is not MatchKind.CLASH]
    if not found:
        try:
            return drug_class(words, pack)
        except Unclear:
            raise Unclear(f"“{words}” is not in the register; it was not read as “not found”.") from None
    if len(found) > 1:
        choices = ", ".join(sorted(m.label for m in found))
        raise Unclear(f"“{words}” can mean several things: {choices}. Say which.")
    return found[0]
