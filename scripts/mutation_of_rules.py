"""Does the test of a rule notice when exactly this rule is switched off? Rules A1 to I3 of the client page, one at a time.

    python scripts/mutation_of_rules.py [A2 B2 …]

Each switch replaces one function of harm_messages, or changes one table or text of the pack in memory; then the tests
whose names begin with the rule's number run in a child process, on 400 generated pages. Prints a table; exit 1 where a
rule that is off is not noticed, or where a test fails although nothing was switched off.
"""

from __future__ import annotations

import os
import sys
import time
import types
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

ROOT = Path(__file__).resolve().parents[1]
TESTS = "tests/harm_messages/"
PAGES = "400"
Switch = Callable[[], None]


# -- how something is switched off -----------------------------------------------------------------


def module(name: str) -> Any:
    """A module of harm_messages that the tests have loaded."""
    return sys.modules[f"harm_messages.{name}"]


def swap(where: str, name: str, new: Any) -> None:
    """Put this in the place of a function or constant, for everybody who imported it."""
    old = getattr(module(where), name)
    for other in list(sys.modules.values()):
        if isinstance(other, types.ModuleType) and other.__name__.startswith(("harm_messages", "tests.")):
            for key, value in list(vars(other).items()):
                if value is old:
                    setattr(other, key, new)


def packs() -> tuple[Any, Any]:
    """The two packs that pages are made from."""
    made = sys.modules["tests.harm_messages.generated_pages"]
    return made.PACK, made.DOSED


def table(field: str, change: Callable[[Any], Any]) -> None:
    """Change one table of both packs."""
    for pack in packs():
        object.__setattr__(pack, field, change(getattr(pack, field)))


def text(change: Callable[[str], str], *ids: str) -> None:
    """Change what English cards say: these messages, or all of them."""

    def one(key: tuple[str, str], message: Any) -> Any:
        if key[1] != "en" or (ids and key[0] not in ids):
            return message
        return type(message).model_validate({**message.model_dump(), "short": change(message.short) or "Talk to us."})

    table("messages", lambda old: {key: one(key, message) for key, message in old.items()})


# -- one switch a rule -----------------------------------------------------------------------------


def a1() -> None:
    """Limits stand below the next steps."""
    page, old = module("page").Page, module("page").Page.sections

    def sections(self: Any) -> Iterator[Any]:
        each = list(old(self))
        at = [name for name, _ in each].index("limits")
        each[at], each[at + 1] = each[at + 1], each[at]
        yield from each

    page.sections = sections


def a2() -> None:
    """Help comes after every card."""
    module("page").Page.help_first = property(lambda self: False)


def a3() -> None:
    """Signs stand last in the block."""
    swap("content", "EMERGENCY_ORDER", ("call", "airway", "recovery", "naloxone", "stay", "show", "signs"))


def a4() -> None:
    """No card waits, however long the page."""
    swap("fitting", "within_budget", lambda page, pack: page)
    module("wording").Writer.too_long = lambda *given: False


def a5() -> None:
    """Each drug has a card of its own."""
    swap("ordering", "families", lambda body: [(hit, ()) for hit in body])


def a6() -> None:
    """Cards of one severity stand by the id of their rule."""
    swap("ordering", "in_order", lambda hits, d: sorted(hits, key=lambda h: (h.rule.severity.rank, h.rule.id)))


def a7() -> None:
    """Warnings about mixing stand by themselves."""
    old = module("ordering").families

    def families(body: Any) -> Any:
        mixing = [h for h in body if h.rule.slot.value == "mixing"]
        return [*old([h for h in body if h not in mixing]), *((h, ()) for h in mixing)]

    swap("ordering", "families", families)


def a8() -> None:
    """A sentence is said as often as messages hold it."""
    module("wording").Hearing.fresh = lambda self, sentence, where="page": True


def a9() -> None:
    """Paper has the emergency block at its end."""
    old = module("page")._plain_lines

    def lines(page: Any) -> Iterator[str]:
        each = list(old(page))
        head = page.labels.emergency.upper()
        at = each.index(head)
        end = at + 1 + len(page.emergency)
        yield from (*each[:at], *each[end:], *each[at:end])

    swap("page", "_plain_lines", lines)


def b1() -> None:
    """The check refuses no untagged sentence."""
    module("tagged").Tagger.untagged = lambda self, source: iter(())


def b2() -> None:
    """No row vetoes anything."""
    module("veto").Veto._allows = lambda self, tag, where: True


def b3() -> None:
    """The lines for uppers stand on every page."""
    when = module("rules").When.model_validate({"form": list(module("vocabulary").Form)})

    def general(rule: Any) -> Any:
        return rule.model_copy(update={"when": when}) if rule.id == "R-USE-STIM" else rule

    table("rules", lambda rules: tuple(general(rule) for rule in rules))


def b4() -> None:
    """Danger cards take no dosing text away."""

    def allows(self: Any, tag: Any, where: str) -> bool:
        return all(row.allow.get(tag) == "page" or (where == "more" and tag in row.allow) for row in self.rows)

    module("veto").Veto._allows = allows


def b5() -> None:
    """How to inject is said of everything."""
    module("veto").Veto.no_injecting = property(lambda self: False)


def c1() -> None:
    """An invalid strip speaks as one that did not react."""
    read, kinds = module("evidence")._READ, module("vocabulary")
    read[kinds.StripReading.INVALID] = kinds.State.NO_REACTION


def c2() -> None:
    """A method that did not run has a limit too."""
    module("types").ScopeFact.counts = property(lambda self: True)


def c3() -> None:
    """Every technique is a machine."""
    swap("evidence", "technique", lambda method: module("vocabulary").Technique.LAB_MACHINE)


def c4() -> None:
    """Scope goes by class alone."""
    module("evidence").Evidence.in_scope = lambda self, substance, lod: True


def c5() -> None:
    """The worst limit is printed."""

    def limit(self: Any, target: str) -> float | None:
        return max(
            (t.lod for t in self._machines(target) if t.state.value == "not_seen" and t.lod is not None), default=None
        )

    module("evidence").Evidence.limit = limit


def c6() -> None:
    """Nothing is known to fool a strip."""
    swap("evidence", "interferents", lambda pack, facts, strip: ())


def c7() -> None:
    """Nobody asks whether a test could see what was expected."""
    old = module("verdicts").derive_outcome

    def outcome(findings: Any, scope: Any, strips: Any = (), *, saw_expected: bool = True) -> Any:
        return old(findings, scope, strips, saw_expected=True)

    swap("verdicts", "derive_outcome", outcome)


def c8() -> None:
    """A colour test is as firm as someone wrote beside it."""
    swap("evidence", "as_tested", lambda facts: facts)


def c9() -> None:
    """What nobody tested has no card."""
    swap("derived", "_declared", lambda evidence, want, tested: iter(()))


def d1() -> None:
    """An amount is printed as it was measured."""
    swap("amounts", "as_sold", lambda pack, substance, amount, form: (amount.value, amount.value, True))


def d2() -> None:
    """Nothing is said about the rest."""
    text(lambda short: short.replace("This does not tell you what the rest is.", ""))


def d3() -> None:
    """A powder is told like a pill."""
    text(
        lambda short: "A whole one holds about {amount}. This does not tell you what the rest is.", "M-STRENGTH-AMOUNT"
    )


def d4() -> None:
    """A band goes by the value alone."""
    module("types").AmountFact.upper = property(lambda self: self.value)


def d5() -> None:
    """Little in it is called weak."""
    text(lambda short: "A whole one holds about {amount}. This is a weak one.", "M-STRENGTH-MDMA-BELOW")


def d6() -> None:
    """Another drug beside it changes nothing."""

    def without(dosing: Any) -> Any:
        return dosing.model_copy(update={"rows": tuple(r for r in dosing.rows if r.condition != "adulterated")})

    table("dosing", without)


def e1() -> None:
    """Every withdrawn message is replaced by the mildest fallback."""
    old = module("evaluate")._says
    swap("evaluate", "_says", lambda w, hit: "M-FB-OTHER" if hit.withdrawn else old(w, hit))


def e2() -> None:
    """A withdrawn message leaves the notice alone."""
    old = module("evaluate")._says
    swap("evaluate", "_says", lambda w, hit: w.d.pack.manifest.fixed["withdrawn"] if hit.withdrawn else old(w, hit))


def f1() -> None:
    """The second tier comes without the first."""
    levels = ("tentative", "indicated", "confirmed", "confirmed_with_harm")

    def without(row: Any) -> Any:
        return row.model_copy(update={k: tuple(a for a in getattr(row, k) if not a.endswith(":T1")) for k in levels})

    table("staff", lambda rows: tuple(without(row) for row in rows))


def f2() -> None:
    """Every alert says that it was found."""
    swap("staffing", "_state", lambda seen: "confirmed")


def f3() -> None:
    """A closed gate says nothing to staff."""
    closed = module("evaluate").GateClosed
    module("evaluate").GateClosed = lambda reason, words, *rest: closed(reason, words)


def f4() -> None:
    """What a warning is about is left out."""
    swap("derived", "_warned", lambda *given: iter(()))


def g3() -> None:
    """What the person takes, and other samples, meet nothing."""
    old = module("derived")._pairs
    swap("derived", "_pairs", lambda pack, seen, also: old(pack, seen, ()))


def g4() -> None:
    """No card names medicines."""
    text(lambda short: short.replace("antidepressant", "other drug").replace("Antidepressant", "Other drug"))


def h3() -> None:
    """What staff add is written without the veto."""
    adjusting, wording = module("adjusting"), module("wording")

    def say(w: Any, row: Any) -> Any:
        free = wording.Writer(w.d, w.locale)
        return free.write(row.message, wording.Place(row.severity, row.slot, adjusting.TOPIC, row.id))

    swap("adjusting", "_say", say)


def i1() -> None:
    """A translation goes by its version alone."""

    def message(self: Any, message_id: str, locale: str) -> Any:
        english = self.messages[(message_id, self.manifest.default_locale)]
        own = self.messages.get((message_id, locale), english)
        return own if own.version == english.version else english

    module("pack").Pack.message = message


def i2() -> None:
    """Nobody is sent to ask, and a card mixes languages."""
    swap("evaluate", "_must_be_understood", lambda m, pack: False)
    module("wording").Writer.in_one_language = lambda self, ids: self


def i3() -> None:
    """A page in Welsh leaves a card out."""
    old = module("evaluate")._page

    def page(d: Any, locale: str, hits: Any, base: Any, adjustments: Any) -> Any:
        return old(d, locale, hits[:-1] if locale == "cy" else hits, base, adjustments)

    swap("evaluate", "_page", page)


SWITCHES: dict[str, Switch] = {
    name.upper(): switch
    for name, switch in list(globals().items())
    if len(name) == 2 and name[0] in "abcdefghi" and name[1].isdigit()
}


# -- running ---------------------------------------------------------------------------------------


class Judge:
    """A pytest plugin: collects as usual, then runs the tests of each rule in a child of its own, with the rule off."""

    def __init__(self, rules: list[str]) -> None:
        self.rules = rules
        self.failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Any failure is enough."""
        self.failed = self.failed or report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of the usual loop."""
        if session.testsfailed:
            return True
        unnoticed = []
        sys.modules["tests.harm_messages.generated_pages"].pages()  # made once for all runs without a switch
        for rule in self.rules:
            own = [item for item in session.items if item.name.startswith(f"test_{rule.lower()}_")]
            begun = time.monotonic()
            sound = bool(own) and _child(lambda own=own: self._run(own)) == 0
            noticed = sound and _child(lambda own=own, rule=rule: self._off(rule, own)) == 1
            said = "noticed" if noticed else "NOT NOTICED" if sound else "FAILS WITHOUT A SWITCH" if own else "NO TEST"
            unnoticed += [] if noticed else [rule]
            print(
                f"{rule}  {said:<12} {len(own):>4} tests  {time.monotonic() - begun:5.0f} s  {SWITCHES[rule].__doc__}",
                flush=True,
            )
        print(
            f"{len(self.rules)} rules, {len(unnoticed)} not noticed{': ' + ', '.join(unnoticed) if unnoticed else ''}"
        )
        session.testsfailed = len(unnoticed)
        return True

    def _off(self, rule: str, items: Iterable[pytest.Item]) -> bool:
        SWITCHES[rule]()
        sys.modules["tests.harm_messages.generated_pages"].pages.cache_clear()
        return self._run(items)

    def _run(self, items: Iterable[pytest.Item]) -> bool:
        for item in items:
            runtestprotocol(item, nextitem=None, log=True)
            if self.failed:
                return True
        return False


def _child(work: Callable[[], bool]) -> int:
    """0 where the work, done in a child, says False."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        try:
            code = int(work())
        except BaseException:
            code = 2  # the switch itself broke: that is no proof
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> int:
    """All rules, or those named."""
    rules = [r.upper() for r in sys.argv[1:]] or sorted(SWITCHES)
    os.environ["MAST_PAGES"] = PAGES
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    tests = sorted(str(p) for p in (ROOT / TESTS).glob("test_review_rules_*.py"))
    quiet = ["-q", "-p", "no:cacheprovider", "-s", "--no-header"]
    return int(pytest.main([*quiet, *tests], plugins=[Judge(rules)]))


if __name__ == "__main__":
    raise SystemExit(main())
