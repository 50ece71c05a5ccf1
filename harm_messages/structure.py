"""What must agree inside a pack before anybody may see a page from it: ids, placeholders, locales.

`load_pack` raises on any of these. The slower questions (coverage, reachability) are in `check`.
Imports this package only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from harm_messages.check_silence import cycles, suppression
from harm_messages.content import EMERGENCY_BASE, EMERGENCY_ORDER
from harm_messages.errors import Problem
from harm_messages.locales import locale_problems
from harm_messages.pack import Pack
from harm_messages.places import message_problem, rule_problem, table_problem
from harm_messages.rules import ARGS, Rule, Selector, When
from harm_messages.snippets import snippet_complaints
from harm_messages.texts import MessageText

# the placeholders that the code itself fills, per key of pack.yaml `fixed`
FIXED_ARGS = {"names", "expected", "lod", "methods"}
FIXED = {
    "head_expected", "head_expected_indicated", "head_found", "head_indicated", "head_strip", "head_faint", "head_colour",
    "head_class", "head_instead", "head_instead_indicated", "also_found", "also_indicated", "also_strip", "also_faint",
    "also_colour", "also_class", "may_contain", "may_also_contain", "could_be", "not_found", "unknown_only", "unknown_also",
    "nothing_found", "not_tested", "not_run", "failed", "inconclusive", "insufficient", "pending", "diff_not_expected",
    "diff_not_expected_soft", "diff_plus_active", "diff_plus_active_soft", "diff_partly", "limit_core", "limit_methods", "limit_not_seen",
    "limit_quick", "limit_none", "limit_invalid", "limit_no_reaction", "limit_gap", "limit_out_of_scope", "limit_pending",
    "limit_failed", "awaiting", "withdrawn", "ask_us", "machine_drafted",
}  # fmt: skip
BINDING = ("found", "all_found", "role", "band", "pair", "confidence", "substituted")
NEEDS_FINDING = {"names", "class_plain", "amount", "fraction", "in_usual", "quarter_in_usual"}
NEEDS_AMOUNT = {"amount", "fraction", "in_usual", "quarter_in_usual"}


def structural_problems(pack: Pack) -> list[Problem]:
    """Everything that keeps a pack from being loaded; [] if nothing."""
    parts: tuple[Callable[[Pack], Iterator[Problem]], ...] = (
        _references, _rule_messages, suppression, cycles, _fixed, locale_problems, _placeholders, _emergency, _tables,
        _snippets,
    )  # fmt: skip
    return [problem for part in parts for problem in part(pack)]


def conditions(when: When) -> Iterator[When]:
    """The condition and everything inside it."""
    yield when
    for inner in when.inner:
        yield from conditions(inner)


def selectors(rule: Rule) -> Iterator[Selector]:
    """All selectors inside a rule."""
    for when in conditions(rule.when):
        if isinstance(when.chosen, Selector):
            yield when.chosen
        elif when.kind == "all_found":
            yield from when.chosen


# -- what rules name -------------------------------------------------------------------------------


def _references(pack: Pack) -> Iterator[Problem]:
    reg = pack.substances
    for rule in pack.rules:
        named = _named(rule)
        wrong = [
            *(("unknown_class", f"There is no class {c!r}.") for c in sorted(named["class"]) if not reg.is_class(c)),
            *(("unknown_substance", f"There is no substance {s!r}.") for s in sorted(named["substance"]) if s not in reg),
            *(("unknown_intent", f"There is no intent {i!r}.") for i in sorted(named["intent"]) if i not in reg.intents),
            *(
                ("unknown_group", f"There is no group {g!r} in pairs.yaml.")
                for g in sorted(named["group"] - set(pack.groups))
            ),
        ]  # fmt: skip
        for kind, said in wrong:
            yield rule_problem(pack, rule.id, kind, said, "when")


def _named(rule: Rule) -> dict[str, set[str]]:
    """What the condition names, by what it should be."""
    named: dict[str, set[str]] = {"class": set(), "substance": set(), "group": set(), "intent": set()}
    for spec in selectors(rule):
        named["class"] |= {*spec.drug_class, *spec.not_class}
        named["substance"] |= {*spec.substance, *spec.not_substance}
    for when in conditions(rule.when):
        if when.kind == "pair":
            named["group"] |= {*when.chosen.a, *when.chosen.b}
        elif when.kind == "intent":
            named["class"] |= set(when.chosen.drug_class)
            named["substance"] |= set(when.chosen.substance)
            named["intent"] |= set(when.chosen.id)
        elif when.kind == "scope_gap":
            named["class"].add(when.chosen)
        elif when.kind == "strip":
            named["class"].add(when.chosen.target)
    return named


def _binds(when: When, measured: bool = False) -> bool:
    """Whether every way this condition can hold binds a finding, so that {names} is never empty; or one that was
    confirmed and measured, so that {amount} is not."""
    if when.kind == "any":
        return all(_binds(w, measured) for w in when.inner)
    if when.kind == "all":
        return any(_binds(w, measured) for w in when.inner)
    spec = when.chosen
    if measured:
        return when.kind == "band" and bool(spec.quantified)
    if when.kind == "alert":
        return bool(spec.named)
    return when.kind in BINDING and not (isinstance(spec, Selector) and spec.unknown)


def _rule_messages(pack: Pack) -> Iterator[Problem]:
    for rule in pack.rules:
        if (rule.emit.message, pack.manifest.default_locale) not in pack.messages:
            said = f"There is no message {rule.emit.message}."
            yield rule_problem(pack, rule.id, "unknown_message", said, "emit")
        for locale in pack.locales:
            text = pack.messages.get((rule.emit.message, locale))
            if text is not None and _speaks(pack, text) and text.placeholders != set(rule.emit.args):
                uses, gives = _braced(text.placeholders), _braced(rule.emit.args)
                said = (
                    f"The message {text.id} ({locale}) uses {uses}, but the rule gives {gives}. Both must be the same."
                )
                yield rule_problem(pack, rule.id, "placeholder", said, "emit")
        if NEEDS_FINDING & set(rule.emit.args) and not _binds(rule.when):
            said = "A placeholder needs a finding, but the rule can fire without one."
            yield rule_problem(pack, rule.id, "unbound", said, "emit")
        elif NEEDS_AMOUNT & set(rule.emit.args) and not _binds(rule.when, measured=True):
            said = "{amount} and {fraction} need a measured finding: the condition must hold a “band”."
            yield rule_problem(pack, rule.id, "unbound", said, "emit")


def _speaks(pack: Pack, text: MessageText) -> bool:
    """Whether this text is shown to anybody: a translation that is stale gives way to the text it was made from."""
    default = pack.manifest.default_locale
    return (text.id, default) in pack.messages and pack.message(text.id, text.locale).locale == text.locale


def _braced(names: Iterable[str]) -> str:
    return ", ".join(f"{{{n}}}" for n in sorted(names)) or "none"


def _placeholders(pack: Pack) -> Iterator[Problem]:
    for (message_id, locale), text in pack.messages.items():
        for one in sorted(text.placeholders - set(ARGS)):
            said = f"{{{one}}} is not a placeholder. There are: {_braced(ARGS)}."
            yield message_problem(pack, message_id, locale, "placeholder", said, f"{{{one}}}")


# -- suppression -----------------------------------------------------------------------------------


# -- the tables ------------------------------------------------------------------------------------


def _fixed(pack: Pack) -> Iterator[Problem]:
    for key in sorted(FIXED - set(pack.manifest.fixed)):
        yield table_problem(pack, "pack.yaml", "fixed", f"The fixed message {key!r} is missing.", ["fixed"])
    for key in sorted(set(pack.manifest.fixed) - FIXED):
        yield table_problem(pack, "pack.yaml", "fixed", f"The fixed message {key!r} is not known.", ["fixed", key])
    for key, message_id in pack.manifest.fixed.items():
        default = pack.manifest.default_locale
        if (message_id, default) not in pack.messages:
            said = f"There is no message {message_id} for {key!r}."
            yield table_problem(pack, "pack.yaml", "unknown_message", said, ["fixed", key])
        for locale in pack.locales:
            text = pack.messages.get((message_id, locale))
            for one in sorted(text.placeholders - FIXED_ARGS) if text is not None and _speaks(pack, text) else ():
                said = f"{{{one}}} cannot be filled here; only {_braced(FIXED_ARGS)} can."
                yield message_problem(pack, message_id, locale, "placeholder", said, f"{{{one}}}")


def _snippets(pack: Pack) -> Iterator[Problem]:
    """What staff may add has a text, and no placeholder a page without it would not fill."""
    index = {row.id: i for i, row in enumerate(pack.snippets)}
    wrong = [(where, "snippet", said) for where, said in snippet_complaints(pack.snippets)]
    for row in pack.snippets:
        text = pack.messages.get((row.message, pack.manifest.default_locale))
        if text is None:
            wrong.append((row.id, "unknown_message", f"There is no message {row.message}."))
        elif text.placeholders - {"session_place"}:
            wrong.append((row.id, "placeholder", f"{row.message} may use {{session_place}} only."))
    for where, kind, said in wrong:
        yield table_problem(pack, "snippets.yaml", kind, said, [index[where]], where=where)


def _emergency(pack: Pack) -> Iterator[Problem]:
    name, steps = "emergency.yaml", [s.step for s in pack.emergency]
    if sorted(steps) != sorted(EMERGENCY_ORDER):
        said = f"The steps are {', '.join(EMERGENCY_ORDER)}; the file has {', '.join(steps) or 'none'}."
        yield table_problem(pack, name, "emergency", said)
    known = {fragment for step in pack.emergency for fragment in step.fragments}
    for one in sorted(EMERGENCY_BASE - known):
        yield table_problem(pack, name, "emergency", f"The line {one!r} is on every page and must be there.")
    for index, step in enumerate(pack.emergency):
        for fragment, message_id in step.fragments.items():
            if (message_id, pack.manifest.default_locale) not in pack.messages:
                said = f"There is no message {message_id}."
                yield table_problem(pack, name, "unknown_message", said, [index, "fragments", fragment])
    for rule in pack.rules:
        for one in sorted(set(rule.emergency) - known):
            yield rule_problem(pack, rule.id, "emergency", f"There is no emergency line {one!r}.", "emergency")


def _tables(pack: Pack) -> Iterator[Problem]:
    for file, path, kind, one in _table_references(pack):
        known = {
            "substance": one in pack.substances,
            "class": pack.substances.is_class(one),
            "group": one in pack.groups,
            "co_use": one in pack.co_use,
            "intent": one in pack.substances.intents,
            "message": (one, pack.manifest.default_locale) in pack.messages,
            "line": any(one in step.fragments for step in pack.emergency),
        }
        if not any(known[k] for k in kind.split("_or_")):
            words = kind.replace("_or_", " or ").replace("co_use", "co-use entry").replace("line", "emergency line")
            yield table_problem(pack, file, f"unknown_{kind}", f"There is no {words} {one!r}.", path)


Reference = tuple[str, Sequence[str | int], str, str]


def _each(file: str, path: Sequence[str | int], kind: str, ids: Iterable[str]) -> Iterator[Reference]:
    return ((file, path, kind, one) for one in ids)


def _table_references(pack: Pack) -> Iterator[Reference]:
    """(file, place, what it must be, the id) of every id that a table names."""
    for i, closure in enumerate(pack.closures):
        yield from _each("closures.yaml", [i], "substance", (closure.expected, *closure.same, *closure.byproducts))
    for name, group in pack.groups.items():
        at = ("pairs.yaml", ["groups", name])
        yield from _each(*at, "substance", (*group.substances, *group.excludes))
        yield from _each(*at, "class", group.classes)
        yield from _each(*at, "co_use", group.co_use)
    for i, pair in enumerate(pack.pairs):
        yield from _each("pairs.yaml", ["pairs", i], "group", (pair.a, pair.b))
    for i, watch in enumerate(pack.scope_watch):
        yield from _each("scope_watch.yaml", [i], "class", (*watch.about, watch.watch))
    for i, strip in enumerate(pack.strips):
        yield from _each("strips.yaml", [i, "target"], "class_or_substance", (strip.target,))
        yield from _each("strips.yaml", [i, "misses"], "substance", strip.misses)
        yield from _each("strips.yaml", [i, "interferents"], "substance", (one.substance for one in strip.interferents))
        yield from _each("strips.yaml", [i, "no_reaction"], "message", filter(None, (strip.no_reaction,)))
    if not pack.borrowed:
        yield from _references_about_use(pack)
    for i, band in enumerate(pack.bands):
        yield from _each("bands.yaml", [i, "substance"], "substance", (band.substance,))
    for key, ids in pack.flags.by_key():
        yield from _each("substances.yaml", [key], "substance", ids)
    for i, intent in enumerate(pack.substances.intents.values()):
        yield from _each("intents.yaml", [i, "covers"], "substance", intent.covers)
    for locale, labels in pack.labels.items():
        yield from _each(f"labels/{locale}.yaml", ["names"], "substance_or_intent", labels.names)
        yield from _each(f"labels/{locale}.yaml", ["classes"], "class", labels.classes)


def _references_about_use(pack: Pack) -> Iterator[Reference]:
    """Check the tables about taking it (dosing rows, families, doses, staff actions) as the others are checked."""
    for i, row in enumerate(pack.dosing.rows):
        place: list[str | int] = ["rows", i]
        yield from _each("dosing.yaml", place, "class", row.classes)
        yield from _each("dosing.yaml", place, "substance", (*row.substances, *row.not_substances))
        yield from _each("dosing.yaml", place, "message", filter(None, (row.say,)))
    families = pack.families
    yield from _each("families.yaml", ["classes"], "class", families.classes)
    yield from _each("families.yaml", ["substances"], "substance", families.substances)
    yield from _each("families.yaml", ["together"], "message", families.together.values())
    for family, fallback in families.fallbacks.items():
        yield from _each("families.yaml", ["fallbacks", family], "message", (fallback.message,))
        yield from _each("families.yaml", ["fallbacks", family], "line", fallback.emergency)
    for family, signs in families.signs.items():
        yield from _each("families.yaml", ["signs", family], "line", signs)
    yield from _each("doses.yaml", ["usual_salt"], "substance", pack.amounts_table.usual_salt)
    for i, dose in enumerate(pack.amounts_table.doses):
        yield from _each("doses.yaml", ["doses", i], "substance", (dose.substance,))
    for i, staff in enumerate(pack.staff):
        yield from _each("staff.yaml", [i], "class", (*(c for c in staff.classes if c != "*"), *staff.expected_instead))
        yield from _each("staff.yaml", [i], "substance", staff.substances)
