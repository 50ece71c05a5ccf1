"""What must agree inside a pack before anybody may see a page from it: ids, placeholders, locales.

`load_pack` raises on any of these. The slower questions (coverage, reachability) are in `check`.
Imports this package only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from harm_messages.content import EMERGENCY_BASE, EMERGENCY_ORDER
from harm_messages.pack import Pack
from harm_messages.rules import ARGS, Rule, Selector, When
from harm_messages.types import Severity

# the placeholders that the code itself fills, per key of pack.yaml `fixed`
FIXED_ARGS = {"names", "expected"}
FIXED = {
    "head_expected", "head_expected_indicated", "head_expected_class", "head_found", "head_indicated",
    "head_class", "head_instead", "head_instead_indicated", "also_found", "also_indicated", "also_class",
    "may_contain", "may_also_contain", "could_be", "not_found", "unknown_only", "unknown_also", "nothing_found",
    "inconclusive", "insufficient", "pending", "diff_not_expected", "diff_not_expected_soft",
    "diff_plus_active", "diff_plus_active_soft", "diff_partly", "awaiting", "withdrawn", "ask_us",
}  # fmt: skip
BINDING = ("found", "all_found", "role", "band", "pair", "confidence", "substituted")
NEEDS_FINDING = {"names", "class_plain", "amount", "fraction"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a pack. `code` is stable; `where` is a rule, message, row or file."""

    code: str
    where: str
    text: str
    level: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"{self.where}: {self.text} [{self.code}]"


def structural_problems(pack: Pack) -> list[Problem]:
    """Everything that keeps a pack from being loaded; [] if nothing."""
    parts = (_references, _rule_messages, _suppression, _fixed, _locales, _emergency, _tables)
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


def _references(pack: Pack) -> Iterator[Problem]:
    reg = pack.substances
    for rule in pack.rules:
        classes: set[str] = set()
        substances: set[str] = set()
        groups: set[str] = set()
        for spec in selectors(rule):
            classes |= {*spec.drug_class, *spec.not_class}
            substances |= {*spec.substance, *spec.not_substance}
        for when in conditions(rule.when):
            if when.kind == "pair":
                groups |= {*when.chosen.a, *when.chosen.b}
            elif when.kind == "intent":
                classes |= set(when.chosen.drug_class)
                substances |= set(when.chosen.substance)
                for one in set(when.chosen.id) - set(reg.intents):
                    yield Problem("unknown_intent", rule.id, f"there is no intent {one!r}")
            elif when.kind == "scope_gap":
                classes.add(when.chosen)
            elif when.kind == "strip":
                classes.add(when.chosen.target)
        for one in sorted(c for c in classes if not reg.is_class(c)):
            yield Problem("unknown_class", rule.id, f"there is no class {one!r}")
        for one in sorted(s for s in substances if s not in reg):
            yield Problem("unknown_substance", rule.id, f"there is no substance {one!r}")
        for one in sorted(groups - set(pack.groups)):
            yield Problem("unknown_group", rule.id, f"there is no group {one!r} in pairs.yaml")


def _binds(when: When) -> bool:
    """Whether every way this condition can hold binds a finding, so that {names} is never empty."""
    if when.kind == "any":
        return all(_binds(w) for w in when.inner)
    if when.kind == "all":
        return any(_binds(w) for w in when.inner)
    spec = when.chosen
    return when.kind in BINDING and not (isinstance(spec, Selector) and spec.unknown)


def _rule_messages(pack: Pack) -> Iterator[Problem]:
    for rule in pack.rules:
        for locale in pack.manifest.locales:
            text = pack.messages.get((rule.emit.message, locale))
            if text is None:
                continue
            if text.placeholders != set(rule.emit.args):
                uses, gives = sorted(text.placeholders), sorted(rule.emit.args)
                said = f"{text.id} ({locale}) uses {uses}, the rule gives {gives}"
                yield Problem("placeholders", rule.id, said)
        if (rule.emit.message, pack.manifest.default_locale) not in pack.messages:
            yield Problem("unknown_message", rule.id, f"there is no message {rule.emit.message}")
        if NEEDS_FINDING & set(rule.emit.args) and not _binds(rule.when):
            yield Problem("unbound", rule.id, "a placeholder needs a finding, but the rule can fire without one")


def _suppression(pack: Pack) -> Iterator[Problem]:
    for rule in pack.rules:
        for message_id in rule.suppresses:
            targets = [r for r in pack.rules if r.emit.message == message_id]
            if not targets:
                yield Problem("suppresses", rule.id, f"suppresses {message_id}, which no rule emits")
            for other in targets:
                if other.topic != rule.topic or other.severity.rank < rule.severity.rank:
                    yield Problem(
                        "suppresses",
                        rule.id,
                        f"may not silence {other.id}: other topic or graver ({message_id})",
                    )


def _fixed(pack: Pack) -> Iterator[Problem]:
    for key in sorted(FIXED ^ set(pack.manifest.fixed)):
        yield Problem("fixed", "pack.yaml", f"fixed message {key!r} is missing or not known")
    for key, message_id in pack.manifest.fixed.items():
        text = pack.messages.get((message_id, pack.manifest.default_locale))
        if text is None:
            yield Problem("unknown_message", "pack.yaml", f"there is no message {message_id} for {key}")
        elif text.placeholders - FIXED_ARGS:
            yield Problem("placeholders", message_id, f"only {sorted(FIXED_ARGS)} can be filled here")


def _locales(pack: Pack) -> Iterator[Problem]:
    """Danger text fails closed: S0–S2, the composed sentences and emergency lines in every locale."""
    needed = {r.emit.message for r in pack.rules if r.severity.rank <= Severity.S2.rank}
    needed |= set(pack.manifest.fixed.values())
    needed |= {m for step in pack.emergency for m in step.fragments.values()}
    for locale in pack.manifest.locales:
        for message_id in sorted(needed):
            if (message_id, locale) not in pack.messages:
                yield Problem("locale", message_id, f"has no text in {locale!r}")
    for (message_id, locale), text in pack.messages.items():
        for one in sorted(text.placeholders - set(ARGS)):
            yield Problem("placeholders", message_id, f"{{{one}}} ({locale}) is not a placeholder")


def _emergency(pack: Pack) -> Iterator[Problem]:
    steps = [s.step for s in pack.emergency]
    if (
        sorted(steps, key=EMERGENCY_ORDER.index) != list(EMERGENCY_ORDER)
        if set(steps) <= set(EMERGENCY_ORDER)
        else True
    ):
        yield Problem(
            "emergency",
            "emergency.yaml",
            f"the steps are {', '.join(EMERGENCY_ORDER)}; got {', '.join(steps)}",
        )
    known = {name for step in pack.emergency for name in step.fragments}
    for one in sorted(EMERGENCY_BASE - known):
        yield Problem("emergency", "emergency.yaml", f"the line {one!r} is on every page and must be there")
    for rule in pack.rules:
        for one in sorted(set(rule.emergency) - known):
            yield Problem("emergency", rule.id, f"there is no emergency line {one!r}")


def _tables(pack: Pack) -> Iterator[Problem]:
    reg = pack.substances
    for closure in pack.closures:
        for one in (closure.expected, *closure.same, *closure.byproducts):
            if one not in reg:
                yield Problem("unknown_substance", "closures.yaml", f"there is no substance {one!r}")
    for name, group in pack.groups.items():
        for one in (*group.substances, *group.excludes):
            if one not in reg:
                yield Problem("unknown_substance", f"group {name}", f"there is no substance {one!r}")
        for one in group.classes:
            if not reg.is_class(one):
                yield Problem("unknown_class", f"group {name}", f"there is no class {one!r}")
        for one in group.co_use:
            if one not in pack.co_use:
                yield Problem("unknown_co_use", f"group {name}", f"there is no co-use entry {one!r}")
    for pair in pack.pairs:
        for one in {pair.a, pair.b} - set(pack.groups):
            yield Problem("unknown_group", pair.id, f"there is no group {one!r}")
    for strip in pack.strips:
        if not reg.is_class(strip.target) or not all(m in reg for m in strip.misses):
            yield Problem("unknown_substance", "strips.yaml", f"target or misses of {strip.target!r} not known")
    flags = pack.flags
    named = {
        *flags.always_warn,
        *flags.not_psychoactive,
        *flags.excipients,
        *flags.in_sentence,
        *flags.aliases,
    }
    for one in sorted(named | {b.substance for b in pack.bands}):
        if one not in reg:
            yield Problem("unknown_substance", "substances.yaml or bands.yaml", f"there is no substance {one!r}")
