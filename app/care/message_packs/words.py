"""When a rule fires, in a sentence. The predicates are a closed set, so each has its words here. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from harm_messages import Pack
from harm_messages.rules import Rule, When

SEVERITY_WORDS = {
    "S0": "act now", "S1": "danger", "S2": "serious", "S3": "careful", "S4": "information",
}  # fmt: skip
_SURE = {
    "confirmed": "confirmed", "indicated": "indicated or surer", "class_only": "at least its class is known",
    "tentative": "even on weak evidence",
}  # fmt: skip
_ROLES = {
    "expected": "as expected", "substitute": "in place of what was expected", "adulterant": "beside what was expected",
    "byproduct": "as a by-product", "cutting": "as a cutting agent", "excipient": "as part of a tablet or liquid",
    "unstated": "with nothing named as expected",
}  # fmt: skip


def rule_in_words(rule: Rule, pack: Pack) -> str:
    """ "a nitazene is found (even on weak evidence)"."""
    return _said(rule.when, pack)


def _said(when: When, pack: Pack) -> str:
    if when.kind == "all":
        return " and ".join(_inner(w, pack) for w in when.inner)
    if when.kind == "any":
        return " or ".join(_inner(w, pack) for w in when.inner)
    if when.kind == "not":
        return f"not: {_said(when.inner[0], pack)}"
    return _WORDS[when.kind](when.chosen, pack)


def _inner(when: When, pack: Pack) -> str:
    words = _said(when, pack)
    return f"({words})" if when.kind in ("all", "any") and len(when.inner) > 1 else words


def _names(spec: Any, pack: Pack, otherwise: str = "something") -> str:
    named = [_class(c, pack) for c in spec.drug_class] + [_substance(s, pack) for s in spec.substance]
    words = _either(named)
    if getattr(spec, "unknown", False):
        words = "something that cannot be named yet"
    elif not words:
        kind = {True: "a psychoactive substance", False: "something that is not psychoactive", None: otherwise}
        words = kind[getattr(spec, "psychoactive", None)]
    barred = [_class(c, pack) for c in getattr(spec, "not_class", ())]
    barred += [_substance(s, pack) for s in getattr(spec, "not_substance", ())]
    return words + (f" (not {_either(barred)})" if barred else "")


def _class(key: str, pack: Pack) -> str:
    row = pack.substances.classes.get(key)
    return row.plain if row is not None else f"anything of the class “{key}”"


def _substance(key: str, pack: Pack) -> str:
    found = pack.substances.get(key)
    return pack.substances.label(key) if found is not None else f"“{key}”"


def _either(words: Iterable[str]) -> str:
    parts = list(dict.fromkeys(words))
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + f" or {parts[-1]}" if parts else ""


def _plain(values: Iterable[Any]) -> str:
    return _either(str(v).replace("_", " ") for v in values)


def _none_found(spec: Any, pack: Pack) -> str:
    what = "what was expected" if spec.expected else _names(spec, pack, "anything")
    return f"{what} is not found, by a method that could have seen it"


def _pair(spec: Any, pack: Pack) -> str:
    def side(keys: Iterable[str]) -> str:
        return _either(pack.groups[k].plain if k in pack.groups else k for k in keys)

    return f"{side(spec.a)} together with {side(spec.b)}, found or also taken"


def _intent(spec: Any, pack: Pack) -> str:
    if spec.vague is not None and not spec.id:
        return "nothing definite was expected" if spec.vague else "something definite was expected"
    if spec.id:
        return f"“{_plain(spec.id)}” was said to be expected"
    return f"{_names(spec, pack)} was expected"


_WORDS: dict[str, Callable[[Any, Pack], str]] = {
    "found": lambda spec, pack: f"{_names(spec, pack)} is found ({_SURE[spec.min_confidence.value]})",
    "all_found": lambda specs, pack: " together with ".join(_names(spec, pack) for spec in specs) + " is found",
    "none_found": _none_found,
    "role": lambda spec, pack: (
        f"{_names(spec, pack)} is there {_either(_ROLES.get(r.value, r.value) for r in spec.is_)}"
    ),
    "substituted": lambda _, pack: "what was expected is not there and something else is",
    "band": lambda spec, pack: f"the amount of {_names(spec, pack)} is {_plain(b.value for b in spec.is_)}",
    "pair": _pair,
    "outcome": lambda spec, pack: f"the analysis ended {_plain(o.value for o in spec)}",
    "confidence": lambda spec, pack: f"{_names(spec, pack)} is found, {_plain(c.value for c in spec.is_)}",
    "scope_gap": lambda spec, pack: f"no method that ran could see {_class(spec, pack)}",
    "strip": lambda spec, pack: (
        f"a strip for {_class(spec.target, pack) if pack.substances.is_class(spec.target) else spec.target} "
        f"reads {_plain(r.value for r in spec.reading)}"
    ),
    "alert": lambda _, pack: "an active alert fits this sample",
    "form": lambda spec, pack: f"it came as {_plain(f.value for f in spec)}",
    "intent": _intent,
}
