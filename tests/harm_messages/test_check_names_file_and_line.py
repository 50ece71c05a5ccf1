"""Each thing that can be wrong with a pack is told in a sentence with its file and line."""

from __future__ import annotations

from datetime import date

import pytest

from harm_messages import PackError, Problem, check_files, load_pack, pack_files, quick_check

MESSAGE = """---
id: M-NEW
version: 1
status: draft
evidence: [here]
review_by: 2027-05-01
---
Drink some water.
"""
TODAY = date(2026, 11, 25)
RULE = """
- id: R-NEW
  version: 1
  status: draft
  severity: S3
  slot: danger
  topic: new.topic
  when: {found: {class: entactogen}}
  emit: {message: M-NEW}
  evidence: [here]
  review_by: 2027-05-01
"""
NEW = "messages/en/M-NEW.md"
FILES = {**pack_files(), "rules/new.yaml": RULE, NEW: MESSAGE}
FILES["labels/xx.yaml"] = FILES["labels/en.yaml"]


def front(text: str) -> str:
    """M-NEW with this text."""
    return MESSAGE.replace("Drink some water.", text)


def line_in(text: str, words: str) -> int:
    return text[: text.index(words)].count("\n") + 1


def told(kind: str, problems: list[Problem]) -> Problem:
    found = [p for p in problems if p.kind == kind]
    assert found, [str(p) for p in problems]
    return found[0]


BAD: list[tuple[str, str, str, str, str, str]] = [
    # name, file, its text, where the problem stands, kind, words of the sentence
    ("a key that stands twice in YAML", "rules/new.yaml", RULE.replace("  slot", "  severity: S1\n  slot", 1),
     "severity: S1", "duplicate_key", "“severity” stands twice here"),
    ("no as a value", "classes.yaml", FILES["classes.yaml"].replace("psychoactive: true", "psychoactive: no", 1),
     "psychoactive: no", "bare_word", "“no” without quotes can be read as a word or as true/false"),
    ("no in quotes where true or false belongs", "classes.yaml",
     FILES["classes.yaml"].replace("psychoactive: true", 'psychoactive: "no"', 1),
     'psychoactive: "no"', "value", "“psychoactive” is “no”, but it must be true or false"),
    ("a key nobody knows deep in a condition", "rules/new.yaml",
     RULE.replace("{found: {class: entactogen}}", "{all: [{form: vape}, {found: {clas: entactogen}}]}"),
     "clas: ", "unknown_key", "“clas” is not a key"),
    ("a day that does not exist", NEW, MESSAGE.replace("2027-05-01", "2027-02-30"),
     "review_by:", "value", "“2027-02-30” is no day or number that exists."),
    ("brackets without end", "co_use.yaml", "[" * 3000, "[", "yaml", "too deeply"),
    ("a rule that silences itself", "rules/new.yaml", RULE + "  suppresses: [M-NEW]\n", "suppresses:", "suppression_cycle",
     "It silences M-NEW, which it says itself."),
    ("a placeholder missing in the rule", "rules/new.yaml", RULE.replace("M-NEW", "M-SEDATIVE"),
     "emit:", "placeholder", "M-SEDATIVE (en) uses {names}, but the rule gives none"),
    ("a placeholder nobody fills", NEW, front("Drink water.\n\nYou took {nmaes}."), "You took", "placeholder",
     "{nmaes} is not a placeholder. There are: {amount}, {class_plain}"),
    ("raw HTML", NEW, front("Drink water.\n\nLook <b>here</b>."), "Look <b>", "markup", "“<b” is not allowed"),
    ("a link", NEW, front("Drink water.\n\n%% more\n\nOne line.\n\nSee [this](http://x.org)."), "See [", "markup",
     "is not allowed"),
    ("a card over its length", NEW, front("word " * 71), "word word", "length", "has 71 words; it may have 70 at most"),
    ("a part of a message nobody knows", NEW, front("Short.\n\n%% mroe\n\nLonger."), "Longer.", "section",
     "“%% mroe” is no part of a message"),
    ("a spoken text with a place the card has not", NEW, front("Short.\n\n%% spoken\n\nIt is {names}."), "It is",
     "placeholder", "The spoken text uses {names}, which the card does not."),
    ("a pictogram nobody drew", NEW, MESSAGE.replace("version: 1\n", "version: 1\npictogram: unicorn\n", 1),
     "pictogram", "value", "“pictogram” is “unicorn”, but it must be one of: phone"),
    ("a register row without a class", "register.tsv", FILES["register.tsv"].replace("\tentactogen\t", "\t\t", 1),
     "\nmdma\t", "register", "The row has no class"),
    ("a register row with a column too few", "register.tsv",
     FILES["register.tsv"].replace("\tentactogen\t", "\t", 1), "\nmdma\t", "register", "fewer columns"),
    ("a graver message silenced", "rules/new.yaml", RULE + "  suppresses: [M-NITAZENE]\n", "suppresses:", "suppresses",
     "It may not silence R-NITAZENE-ANY"),
    ("a table without its file", "closures.yaml", "", "", "empty", "The file is empty"),
    ("a language nobody knows", "locales.yaml",
     FILES["locales.yaml"] + "xx: {name: X, complete_for: [], drafted: people}\n", "xx:", "locale",
     "'xx' is no language code"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "text", "at", "kind", "says"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_load_refuses_and_check_tells_file_and_line(file: str, text: str, at: str, kind: str, says: str) -> None:
    files = {**FILES, file: text}
    with pytest.raises(PackError) as refused:
        load_pack(files)
    problem = next((p for p in refused.value.problems if (p.kind, p.file) == (kind, file)), None)
    assert problem is not None, str(refused.value)
    assert says in problem.text
    assert (problem.file, problem.line) == (file, line_in(text, at.strip("\n")))
    assert str(problem).startswith(f"{file}, line {problem.line}: ")
    assert (problem.file, problem.line) in {(p.file, p.line) for p in check_files(files)}
    assert (refused.value.file, refused.value.line) == (
        refused.value.problems[0].file,
        refused.value.problems[0].line,
    )


ENTACTOGEN = "{found: {class: entactogen}}"
UNFIT = [
    # what stands in the rule, what stands there instead, words of the refusal
    ("S3", "S9", "line 5: R-NEW: “severity” is “S9”, but it must be one of: S0, S1"),
    ("slot: danger", "slot: headline", "composed"),
    ("severity: S3", "severity: S1", "needs emergency lines"),
    ("class: entactogen", "class: entactogenn", "line 8: R-NEW: There is no class 'entactogenn'"),
    ("class: entactogen", "substance: mdmaa", "no substance 'mdmaa'"),
    (ENTACTOGEN, "{found: {}, form: vape}", "exactly one predicate"),
    (ENTACTOGEN, "{none_found: {class: entactogen}}", "in_scope"),
    (ENTACTOGEN, "{none_found: {class: entactogen, in_scope: false}}", "True"),
    (ENTACTOGEN, "{all: [{any: [{not: {not: {form: vape}}}]}]}", "at most 3"),
    (ENTACTOGEN, "{pair: {a: mdma, b: tea}}", "no group 'tea'"),
    ("M-NEW", "M-NOWHERE", "line 9: R-NEW: There is no message M-NOWHERE"),
    ("{message: M-NEW}", "{message: M-NEW, args: {names: found.names}}", "uses none, but the rule gives {names}"),
    ("{message: M-NEW}", "{message: M-NEW, args: {names: facts.expected}}", "comes from 'found.names'"),
    ("  evidence:", "  emergency: [prayer]\n  evidence:", "line 10: R-NEW: There is no emergency line 'prayer'"),
    ("R-NEW", "R-HEAT", "stands twice"),
    ("evidence: [here]", "evidence: []", "line 10: R-NEW: “evidence” must not be empty."),
]


@pytest.mark.parametrize(("old", "new", "says"), UNFIT)
def test_a_rule_that_does_not_fit_is_refused(old: str, new: str, says: str) -> None:
    with pytest.raises(PackError, match=r"rules/\w+.yaml, line") as refused:
        load_pack({**FILES, "rules/new.yaml": RULE.replace(old, new, 1)})
    assert says in str(refused.value)


def test_a_rule_that_names_findings_must_bind_one() -> None:
    rule = RULE.replace(ENTACTOGEN, "{any: [{found: {class: ghb}}, {form: vape}]}")
    rule = rule.replace("{message: M-NEW}", "{message: M-SEDATIVE, args: {names: found.names}}")
    with pytest.raises(PackError, match="can fire without one"):
        load_pack({**FILES, "rules/new.yaml": rule})


@pytest.mark.parametrize(
    ("text", "says"),
    [("# Title", "not allowed"), ("Take *care*.", "Slanted text"), ("You have {names.", "brace"), ("", "no card text")],
)
def test_a_message_that_is_more_than_plain_text_is_refused(text: str, says: str) -> None:
    with pytest.raises(PackError, match=says):
        load_pack({**FILES, NEW: front(text)})


def test_rules_that_silence_each_other_in_a_circle_are_refused() -> None:
    circle = (("R-A", "M-A", "M-B"), ("R-B", "M-B", "M-C"), ("R-C", "M-C", "M-A"))
    rules = "".join(
        RULE.replace("R-NEW", name).replace("M-NEW", says) + f"  suppresses: [{silences}]\n"
        for name, says, silences in circle
    )
    texts = {f"messages/en/M-{x}.md": MESSAGE.replace("M-NEW", f"M-{x}") for x in "ABC"}
    problem = told("suppression_cycle", check_files({**FILES, **texts, "rules/loop.yaml": rules}))
    assert problem.text.endswith("so nothing would be said: R-A → R-B → R-C → R-A.")
    assert (problem.file, problem.line) == ("rules/loop.yaml", line_in(rules, "suppresses: [M-B]"))


def test_one_signature_is_too_few_whatever_the_pack_says_of_itself() -> None:
    digest = load_pack(FILES).digest
    row = f'- {{name: A, clinician: true, digest: "{digest}", signed_at: 2026-11-01T00:00:00Z}}\n'
    one = {**FILES, "approvals.yaml": row}
    problem = told("signatures", quick_check(load_pack(one)))
    assert (problem.file, problem.line, problem.level) == ("approvals.yaml", 1, "error")
    assert problem.text.startswith("The pack has 1 valid signature(s) of 2 different people.")
    both = {**FILES, "approvals.yaml": row + row.replace("name: A", "name: B")}
    assert "signatures" not in {p.kind for p in quick_check(load_pack(both))}
    other = both | {"approvals.yaml": both["approvals.yaml"].replace(digest, "old")}
    assert told("signatures", quick_check(load_pack(other))).text.startswith("A signed other content than this.")


@pytest.mark.usefixtures("without_coverage")
def test_the_slower_questions_name_file_and_line_too() -> None:
    wet = MESSAGE.replace("version: 1\n", "version: 1\ntags: [drink_more]\n")
    dry = front("You have to use this considerable opportunity immediately. That is very clean.")
    dry = dry.replace("version: 1\n", "version: 1\ntags: [drink_less]\n").replace("M-NEW", "M-DRY")
    dry = dry.replace("2027-05-01", "2026-11-24")
    pack_yaml = FILES["pack.yaml"].replace("status: draft", "status: approved", 1)
    pack_yaml = pack_yaml.replace("contradictions:\n", "contradictions:\n  - [drink_more, drink_less]\n", 1)
    dry_rule = RULE.replace("NEW", "DRY").replace("new.topic", "dry.topic").replace("2027-05-01", "2026-11-24")
    files = {
        **FILES,
        NEW: wet,
        "messages/en/M-DRY.md": dry,
        "messages/en/M-NOBODY.md": MESSAGE.replace("M-NEW", "M-NOBODY"),
        "messages/pl/M-NEW.md": MESSAGE,
        "mesages/en/M-NEW.md": MESSAGE,
        "rules/dry.yaml": dry_rule,
        "pack.yaml": pack_yaml,
        "approvals.yaml": "- {name: A, clinician: false, digest: old, signed_at: 2026-11-01T00:00:00Z}\n",
    }
    problems = check_files(files, TODAY)
    where = {(p.kind, p.file, p.line, p.level) for p in problems}
    assert where >= {
        ("conflict", "rules/new.yaml", line_in(RULE, "when:"), "error"),
        ("review", "rules/dry.yaml", line_in(dry_rule, "review_by"), "error"),
        ("review", "messages/en/M-DRY.md", line_in(dry, "review_by"), "error"),
        ("banned", "messages/en/M-DRY.md", line_in(dry, "clean"), "error"),
        ("reading_grade", "messages/en/M-DRY.md", line_in(dry, "You have"), "error"),
        ("signatures", "pack.yaml", line_in(pack_yaml, "status: approved"), "error"),
        ("signatures", "approvals.yaml", 1, "error"),
        ("unused", "messages/en/M-NOBODY.md", line_in(MESSAGE, "Drink"), "warning"),
        ("unknown_file", "messages/pl/M-NEW.md", 0, "warning"),
        ("unknown_file", "mesages/en/M-NEW.md", 0, "error"),
    }
    assert "It advises “drink_more” where R-DRY advises “drink_less”: both can stand on one page." in {
        p.text for p in problems if p.file == "rules/new.yaml"
    }
    assert told("review", problems).text == "It was to be reviewed by 2026-11-24."
    assert told("reading_grade", problems).text.endswith("Hard words: considerable, immediately, opportunity.")
    levels = [p.level for p in problems]
    assert levels == sorted(levels)
