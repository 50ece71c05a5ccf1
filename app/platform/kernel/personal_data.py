"""What in a text seems to point to a person: names, tents, stages, plates, phones, post codes, handles. Pure.

A nudge, not a proof: it is to catch what slips in while someone writes about a drug, and to leave drug names, amounts,
lot numbers and times alone. The browser asks with the same patterns: `python -m app.platform.kernel.personal_data`
writes them as its module, and a test compares the two.

Why so plain: every pattern means the same in Python (ASCII) and in JavaScript. No look-behind, no named groups. Group 1,
where there is one, is what is marked, and ends the match.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from app.platform.kernel.worded import Worded


class PersonalKind(Worded):
    """What kind of thing points to a person. This is all the log keeps of it."""

    NAME = "name", "a name"
    TENT = "tent", "a tent or pitch"
    STAGE = "stage", "a place by a stage"
    PLATE = "plate", "a number plate"
    PHONE = "phone", "a phone number"
    POST_CODE = "post_code", "a post code"
    EMAIL = "email", "an e-mail address"
    NHS_NUMBER = "nhs_number", "an NHS number"
    HANDLE = "handle", "a handle"


@dataclass(frozen=True, slots=True)
class PersonalDetail:
    """One match in a text."""

    kind: PersonalKind
    start: int
    end: int


# ---- the words ----

_LETTER = "A-Za-zÀ-ÖØ-öø-ɏ"
_END = f"(?![{_LETTER}0-9])"
_WHOSE = r"(?:[Mm]y|[Hh]is|[Hh]er|[Tt]heir|[Oo]ur|[Yy]our)"
_RELATION = (
    "mates?|friends?|best friend|bestie|boyfriend|girlfriend|bf|gf|partner|fianc[eé]e?|wife|husband|brother|sister|twin|"
    "cousin|son|daughter|mum|mom|mam|mother|dad|father|step-?mum|step-?dad|uncle|aunt|auntie|aunty|nan|nana|gran|grandma|"
    "grandad|grandpa|nephew|niece|flatmate|housemate|roommate|ex|boss|colleague|neighbour|dealer|tutor|keyworker"
)
_SORT = "(?:(?:best|old|little|big|older|younger|new|other|own|good|close|late) )?"
# not a name, though a capital stands before it
_NO_NAME = (
    "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|March|April|June|July|August|September|October|November|"
    "December|Christmas|Easter|Ketamine|Cocaine|Ecstasy|Heroin|Speed|Spice|Cannabis|Valium|Xanax|Ritalin|Viagra|Tesla|"
    "The|This|That|They|She|Who|Said|Says|Took|Had|Has|Was|Is|And|But|Then|Thinks|Bought|Got|Gave"
)
_NO_SURNAME = "Street|Road|Lane|Square|Hall|House|Park|Station|Centre|Hospital|University|College|Ambulance|Vuitton|Hilfiger|Daniels|Beam"
_CAPITAL = "[A-ZÀ-ÖØ-Þ](?:'[A-ZÀ-ÖØ-Þ])?[a-zß-öø-ɏ][a-zß-öø-ɏ'-]*"
# first names that are nothing else: found without a capital too
_PLAIN_NAMES = "|".join(Path(__file__).with_name("first_names.txt").read_text("utf-8").split())


def _capitalised(names: str) -> str:
    return "|".join(name.capitalize() for name in names.split("|"))


_COLOUR = (
    "red|yellow|blue|green|orange|purple|pink|white|black|brown|grey|gray|silver|gold|striped|tie-?dye|rainbow|camo|"
    "big|small|large|little|tiny|dome|bell|pop-?up|two-man|four-man|next|same|neighbouring"
)
_STAGE = (
    "main|dance|acoustic|pyramid|techno|house|dnb|jungle|reggae|folk|indie|rock|jazz|comedy|cabaret|silent|woodland|"
    "forest|woods|lake|lakeside|beach|garden|hill|sunset|sunrise|west|north|south|east|park|headline|disco"
)
_NO_STAGE = "First|Second|Third|Next|Last|Final|Each|This|That|Every|Early|Late|Heated|Motorised|Sample|The|In|At"
# the areas of real post codes: what only looks like one is more often a lot or a part of a name
_AREA = (
    "AB|AL|B|BA|BB|BD|BH|BL|BN|BR|BS|BT|CA|CB|CF|CH|CM|CO|CR|CT|CV|CW|DA|DD|DE|DG|DH|DL|DN|DT|DY|E|EC|EH|EN|EX|FK|FY|G|"
    "GL|GU|GY|HA|HD|HG|HP|HR|HS|HU|HX|IG|IM|IP|IV|JE|KA|KT|KW|KY|L|LA|LD|LE|LL|LN|LS|LU|M|ME|MK|ML|N|NE|NG|NN|NP|NR|NW|"
    "OL|OX|PA|PE|PH|PL|PO|PR|RG|RH|RM|S|SA|SE|SG|SK|SL|SM|SN|SO|SP|SR|SS|ST|SW|SY|TA|TD|TF|TN|TQ|TR|TS|TW|UB|W|WA|WC|WD|"
    "WF|WN|WR|WS|WV|YO|ZE"
)
_INWARD = "[0-9][ABD-HJLNP-UW-Z]{2}"

# ---- the patterns: (kind, pattern, whether capitals do not matter) ----

PATTERNS: tuple[tuple[PersonalKind, str, bool], ...] = (
    (PersonalKind.EMAIL, r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}", False),
    (PersonalKind.HANDLE, r"(?:^|[ ('\":,;/])(@(?!room|about|approx|least|the\b|peak|max|min\b|lab\b|rt\b)[A-Za-z_][A-Za-z0-9_.]{1,28}[A-Za-z0-9_])(?![A-Za-z0-9@])", True),
    (PersonalKind.HANDLE, r"\b(?:insta(?:gram)?|snap(?:chat)?|telegram|whats ?app|tik ?tok|facebook|messenger|discord|wickr|threema)(?: (?:handle|name|user|username|account)(?: is|:)? | ?[:=] ?)[^ ,;]{2,40}", True),
    (PersonalKind.NHS_NUMBER, r"(?:^|[^0-9A-Za-z.+-])([0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4})(?![0-9])", False),
    (PersonalKind.PHONE, r"(?:^|[^0-9A-Za-z.,+-])((?:\+44|0044)[ .-]?(?:\(0\)[ .-]?|0)?[127][0-9]{1,4}\)?[ .-]?[0-9]{2,4}[ .-]?[0-9]{2,4}(?:[ .-]?[0-9]{2,4})?)(?![0-9])", False),
    (PersonalKind.PHONE, r"(?:^|[^0-9A-Za-z.,+-])(\(?0[127][0-9]{1,4}\)?[ .-]?[0-9]{2,4}[ .-]?[0-9]{2,4}(?:[ .-]?[0-9]{2,4})?)(?![0-9])", False),
    (PersonalKind.PHONE, r"(?:^|[^0-9A-Za-z.,+-])(0[ .-](?!1[ .-]2)[127](?:[ .-][0-9]){8,9})(?![ .-]?[0-9])", False),
    (PersonalKind.PHONE, r"(?:^|[^0-9A-Za-z.,+-])(\+(?!44)[1-9][0-9]{0,2}[ -]?(?:\(?[0-9]{1,4}\)?[ -]?){2,5}[0-9])(?![0-9])", False),
    (PersonalKind.POST_CODE, rf"\b(?:{_AREA})[0-9][0-9A-Z]? ?{_INWARD}\b", False),
    (PersonalKind.POST_CODE, rf"\b(?:{_AREA})[0-9][0-9A-Z]? (?!1st|2nd|3rd|[0-9](?:th|ng|pg|ug|ul|nl|dl|hr|hz|ft|lb|pt|wt|au))(?:{_INWARD})\b", True),
    (PersonalKind.POST_CODE, rf"\b(?=[A-Z]{{2}})(?:{_AREA})[0-9][0-9A-Z]?(?!1st|2nd|3rd|[0-9](?:th|ng|pg|ug|ul|nl|dl|hr|hz|ft|lb|pt|wt|au))(?:{_INWARD})\b", True),
    (PersonalKind.PLATE, r"\b[A-HJ-PR-Y]{2}[0-7][0-9] ?[A-HJ-PR-Z]{3}\b", False),
    (PersonalKind.PLATE, r"\b[a-hj-pr-y]{2}[0-7][0-9][a-hj-pr-z]{3}\b", False),
    (PersonalKind.PLATE, r"\b[A-HJ-NPR-TV-Y][0-9]{3} ?[A-HJ-PR-Z]{3}\b", False),
    (PersonalKind.PLATE, r"\b(?:number ?plate|licen[cs]e plate|reg(?:istration)?(?: plate| number| no\.?)?)(?: (?:is|was|of)|:)? (?=[A-Z ]{0,4}[0-9])(?=[0-9 ]{0,4}[A-Z])[A-Z0-9]{1,4}[ -]?[A-Z0-9]{2,4}\b", True),
    (PersonalKind.TENT, r"\b(?:tents?|yurt|tipi|caravan|camper ?van|pitch|camp) ?(?:no\.?|number|nr\.?|#)? ?[0-9]{1,4}[a-z]?\b", True),
    (PersonalKind.TENT, rf"\b(?:(?:{_COLOUR}|my|his|her|their|client's|clients'|friend's|mate's) ){{1,3}}(?:tents?|yurt|tipi|caravan|camper ?van)\b", True),
    (PersonalKind.TENT, r"\b(?:camp(?:ed|ing|s)?|sle(?:pt|eps?|eping)|stay(?:ed|ing|s)?|pitched|lives?|living) (?:[a-z]+ ){0,3}(?:tents?|yurt|tipi|caravan|camper ?van)\b", True),
    (PersonalKind.TENT, r"\b(?!(?:The|In|At|Our|Your|A|This|That|Each|Every|Any|No) )[A-Z][a-z]+(?:'s)? [Tt]ents?\b", False),
    (PersonalKind.STAGE, rf"\b(?:{_STAGE}) stage\b(?! of\b)", True),
    (PersonalKind.STAGE, rf"\b(?!(?:{_NO_STAGE}) )[A-Z][a-z]+ Stage\b", False),
    (PersonalKind.STAGE, r"\b(?:near|behind|beside|by|in front of|next to|left of|right of|side of|opposite) the stage\b(?! of\b)|\bstage (?:left|right)\b", True),
    (PersonalKind.NAME, rf"\b{_WHOSE} {_SORT}(?:{_RELATION})(?: is| was)?(?: called| named)?,? \(?((?!(?:{_NO_NAME})\b){_CAPITAL}(?:[ -](?!(?:{_NO_NAME})\b){_CAPITAL})?){_END}", False),
    (PersonalKind.NAME, rf"\b{_WHOSE} (?:{_SORT}(?:{_RELATION})(?: is| was)?(?: called| named)?,? \(?)?((?:{_PLAIN_NAMES})(?:'s)?){_END}", True),
    (PersonalKind.NAME, rf"\b(?:{_RELATION}) ((?:{_capitalised(_PLAIN_NAMES)})(?: {_CAPITAL})?){_END}", False),
    (PersonalKind.NAME, rf"\b(?:(?:my|his|her|their|client's|patient's|person's|guy's|girl's|friend's|mate's) (?:(?:full|first|last|real|sur) ?)?names?(?: is| was| are|'s|:)(?: [{_LETTER}'-]{{2,30}})?){_END}", True),
    (PersonalKind.NAME, rf"\b(?:called|named|name of|known as|goes by) ((?:{_capitalised(_PLAIN_NAMES)})(?: {_CAPITAL})?){_END}", False),
    (PersonalKind.NAME, rf"\b((?:{_capitalised(_PLAIN_NAMES)}) (?!(?:{_NO_NAME}|{_NO_SURNAME})\b){_CAPITAL}){_END}", False),
    (PersonalKind.NAME, rf"\b((?:Mr|Mrs|Miss|Mx)\.? (?!Nice\b|Big\b){_CAPITAL}){_END}", False),
)  # fmt: skip
# What looks alike and is none: passed over before anything is looked for.
HARMLESS: tuple[str, ...] = (
    r"\b(?:lot|batch|serial|s/n|sn|cas|cat|catalogue|article|part|model|unii|pmid|pmc|doi|isbn|ean|barcode|column|cartridge)\b\.? ?(?:no\.?|nr\.?|number|code|#)? ?[:=#]? ?(?=[A-Za-z./_-]{0,12}[0-9])[A-Za-z0-9][A-Za-z0-9./_-]*(?: (?=[A-Z]{0,4}[0-9])[A-Z0-9]{2,8}\b| [A-Z]{3}\b)?",
    r"\b(?:our|lab|laboratory|testing|test|checking|service|medical|medics?|welfare|first[ -]aid|aid|amnesty|info|information|crew|staff|production) tents?\b",
)  # fmt: skip
_COMPILED = tuple(
    (kind, re.compile(pattern, re.ASCII | (re.IGNORECASE if any_case else 0))) for kind, pattern, any_case in PATTERNS
)
_PASSED_OVER = tuple(re.compile(pattern, re.ASCII | re.IGNORECASE) for pattern in HARMLESS)
_FULL_WIDTH = {chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)}
_DIGITS = {chr(zero + n): str(n) for zero in (0x660, 0x6F0, 0x966, 0x9E6) for n in range(10)}
"""Arabic, Persian, Devanagari, Bengali."""
_ALIKE = dict(
    zip("аеорсухіјѕАВЕКМНОРСТХУІЈЅαορνΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aeopcyxijsABEKMHOPCTXYIJSaopvABEZHIKMNOPTYX", strict=True)
)
"""Letters of Cyrillic and Greek that look like Latin ones."""
_UNSEEN = "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufe0f\ufeff"
LIKE = (
    {"’": "'", "‘": "'", "–": "-", "‑": "-"} | dict.fromkeys("\u00a0\u202f\u2009\u3000\t\n\r", " ")
    | _FULL_WIDTH | _DIGITS | _ALIKE | dict.fromkeys(_UNSEEN, "")
)  # fmt: skip
"""What is read as another character, or not at all. Character by character, so that the browser reads the same."""


def found_in(text: str, but: Iterable[PersonalKind] = ()) -> list[PersonalDetail]:
    """What seems to point to a person, in the order of the text and without overlaps; kinds in `but` are let be.

    >>> [(one.kind.value, "from my mate Dave, tent 14"[one.start : one.end]) for one in found_in("from my mate Dave, tent 14")]
    [('name', 'Dave'), ('tent', 'tent 14')]
    >>> found_in("MDMA 150 mg in 2C-B tablets, lot LS6 3AB, peak at 4.2 min")
    []
    """
    plain, places = _plain(text)
    for pattern in _PASSED_OVER:
        plain = pattern.sub(lambda match: "\x00" * len(match.group()), plain)
    passed = set(but)
    rows = sorted(
        (one for kind, pattern in _COMPILED if kind not in passed for one in _matches(kind, pattern, plain)),
        key=lambda one: (one.start, -one.end),
    )
    found: list[PersonalDetail] = []
    for one in rows:
        if not found or one.start >= found[-1].end:
            found.append(one)
    return [PersonalDetail(one.kind, places[one.start], places[one.end - 1] + 1) for one in found]


def _plain(text: str) -> tuple[str, list[int]]:
    """The text with one space for several and one spelling of quotes, and where each character of it stood."""
    kept: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        read = LIKE.get(character, character)
        if read and (read != " " or not kept or kept[-1] != " "):
            kept.append(read)
            places.append(place)
    return "".join(kept), places


def _matches(kind: PersonalKind, pattern: re.Pattern[str], text: str) -> Iterator[PersonalDetail]:
    for match in pattern.finditer(text):
        start = match.start(1) if pattern.groups else match.start()
        if _counts(kind, text[start : match.end()]):
            yield PersonalDetail(kind, start, match.end())


def _counts(kind: PersonalKind, text: str) -> bool:
    digits = re.sub(r"[^0-9]", "", text)
    if kind is PersonalKind.NHS_NUMBER:
        return _is_nhs_number(digits)
    if kind is PersonalKind.PHONE:
        return 10 <= len(digits) <= 15 if text[0] == "+" or digits[:4] == "0044" else 10 <= len(digits) <= 11
    return True


def _is_nhs_number(digits: str) -> bool:
    """Whether the tenth digit is the check digit of the nine before it (modulus 11); ten alike are none.

    >>> _is_nhs_number("9434765919"), _is_nhs_number("9434765918"), _is_nhs_number("0000000000")
    (True, False, False)
    """
    if len(set(digits)) == 1:
        return False
    total = sum(int(digit) * (10 - place) for place, digit in enumerate(digits[:9]))
    return (11 - total % 11) % 11 == int(digits[9])


def left_out(text: str, but: Iterable[PersonalKind] = ()) -> str:
    """The text without what was found, and without the gaps that leaves.

    >>> left_out("Bought by my mate Dave, in tent 14.")
    'Bought by my mate, in.'
    """
    for one in reversed(found_in(text, but)):
        text = f"{text[: one.start]}\x00{text[one.end :]}"
    text = re.sub(r",? *\(?\x00\)?(?= *(?:[.,;!?]|(?![\s\S])))", "", text)
    return re.sub(r" *\(?\x00\)?", "", text).strip()


def sentence(kinds: Iterable[PersonalKind], *, outside: bool) -> str:
    """What is said beside the field.

    >>> sentence([PersonalKind.NAME, PersonalKind.PHONE], outside=False)
    'This looks like a name and a phone number. Leave it out. Nothing here may identify anyone.'
    """
    names = [kind.words for kind in dict.fromkeys(kinds)]
    listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    end = "People outside the service will read this text." if outside else "Nothing here may identify anyone."
    return f"This looks like {listed}. Leave it out. {end}"


def as_javascript() -> str:
    """The patterns as the browser's module reads them."""
    data = {
        "patterns": [[kind.value, pattern, any_case] for kind, pattern, any_case in PATTERNS],
        "harmless": list(HARMLESS),
        "like": LIKE,
        "words": {kind.value: kind.words for kind in PersonalKind},
    }
    return (
        "// Written by `python -m app.platform.kernel.personal_data`: what points to a person, as the server looks for it.\n"
        f"export default {json.dumps(data, indent=1)};\n"
    )


if __name__ == "__main__":
    print(as_javascript(), end="")
