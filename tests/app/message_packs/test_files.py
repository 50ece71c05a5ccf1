"""Messages and rules as text: read, changed and written so that nothing is lost and versions rise by themselves."""

from __future__ import annotations

from app.care.message_packs import checking, comparing, message_files, previews, rule_files
from app.care.message_packs.domain import Target
from app.care.message_packs.previews import WORKED_CASES
from harm_messages import load_pack, pack_files

HEAT = "messages/en/M-HEAT.md"


def test_every_shipped_message_survives_the_form() -> None:
    for path, text in pack_files().items():
        if path.startswith("messages/"):
            one = message_files.read(text)
            again = message_files.read(message_files.write(one))
            assert dict(again.front) == dict(one.front), path
            assert again.meaning() == one.meaning(), path


def test_a_version_rises_once_and_only_for_what_a_reader_notices() -> None:
    parent = message_files.MessageFile({"version": 4, "title": "Heat", "evidence": ["a"]}, {"": "Sip water."})
    changed = message_files.MessageFile({**parent.front, "title": "Hot"}, parent.parts)
    assert message_files.with_version(changed, parent).number == 5
    twice = message_files.MessageFile({**changed.front, "version": 5}, {"": "Sip."})
    assert message_files.with_version(twice, parent).number == 5
    sourced = message_files.MessageFile({**parent.front, "evidence": ["b"]}, {"": "Sip  water."})
    assert message_files.with_version(sourced, parent).number == 4
    assert message_files.with_version(parent, None).number == 1


def test_a_rule_that_does_something_else_gets_its_next_version_and_comments_stay() -> None:
    files = pack_files()
    path = rule_files.file_of_rule(files, "R-HEAT")
    parent = files
    number = rule_files.all_rules({path: files[path]})["R-HEAT"]["version"]
    graver = rule_files.with_field(files[path], "R-HEAT", "severity", "S3")
    raised = rule_files.with_raised_versions(graver, parent)
    assert rule_files.rules_in(raised)["R-HEAT"]["version"] == number + 1
    assert raised.count("\n") == files[path].count("\n")
    assert rule_files.with_raised_versions(raised, parent) == raised
    status = rule_files.with_field(files[path], "R-HEAT", "status", "withdrawn")
    assert rule_files.rules_in(rule_files.with_raised_versions(status, parent))["R-HEAT"]["version"] == number
    for rule_id, here in rule_files.ids_in(files).items():
        marked = rule_files.rule_of(rule_files.with_field(files[here], rule_id, "status", "withdrawn"), rule_id)
        assert marked is not None
        assert marked["status"] == "withdrawn"


def test_frozen_files_are_approved_but_no_translation_nobody_read_over() -> None:
    files = pack_files()
    front = "---\nid: M-HEAT\nversion: 1\nstatus: {}\nevidence: [x]\nreview_by: 2099-01-01\n---\nstatus: draft\n"
    files["messages/xx/M-HEAT.md"], files["messages/yy/M-HEAT.md"] = front.format("draft"), front.format("in_review")
    done = rule_files.frozen(files, 7)
    assert "status: draft" in done["messages/xx/M-HEAT.md"].split("\n---")[0]
    assert "status: approved" in done["messages/yy/M-HEAT.md"].split("\n---")[0]
    assert done["messages/yy/M-HEAT.md"].endswith("---\nstatus: draft\n"), "words of the text are not touched"
    pack = load_pack({k: v for k, v in done.items() if not k.startswith(("messages/xx", "messages/yy"))})
    assert (pack.manifest.status, pack.manifest.version) == ("approved", 7)
    assert {r.status for r in pack.rules} <= {"approved", "withdrawn"}
    assert {m.status for (_, lo), m in pack.messages.items() if lo == "en"} <= {"approved", "withdrawn"}
    assert rule_files.frozen(done, 7) == done


def test_rules_and_substances_never_go_and_withdrawn_ones_never_come_back_as_they_were() -> None:
    files = pack_files()
    path = rule_files.file_of_rule(files, "R-HEAT")
    without = {**files, path: files[path].replace("R-HEAT", "R-HEAT-TWO")}
    rows = files["register.tsv"].splitlines()
    shorter = {**files, "register.tsv": "\n".join(rows[:-1])}
    assert [(p.kind, p.where) for p in checking.history_problems(without, files, ())] == [("gone", "R-HEAT")]
    assert [p.kind for p in checking.history_problems(shorter, files, ())] == ["gone"]
    last = rows[-1].split("\t")[0]
    assert [last in p.text for p in checking.missing_substances(shorter, load_pack())] == [True]
    assert checking.missing_substances(files, load_pack()) == []
    gone = {(Target.RULE, "R-HEAT"), (Target.MESSAGE, "M-HEAT")}
    assert {p.where for p in checking.history_problems(files, files, gone)} == {"R-HEAT", "M-HEAT"}
    marked = {**files, path: rule_files.with_field(files[path], "R-HEAT", "status", "withdrawn")}
    assert {p.where for p in checking.history_problems(marked, files, gone)} == {"M-HEAT"}


def test_every_rule_has_words_and_an_example_and_every_case_a_page() -> None:
    pack = load_pack()
    for rule in pack.rules:
        said = previews.rule_in_words(rule, pack)
        assert said
        assert "None" not in said
        assert "{" not in said
    assert len(WORKED_CASES) == 10
    assert [title for title, page, _ in previews.case_pages(pack) if page is None] == []
    heat = previews.shows(pack, "M-HEAT")
    assert "R-HEAT" in {w.rule.id for w in heat.rules}
    assert "MDMA pill, 232 mg" in heat.cases
    assert previews.shows(pack, "M-NOTICE-AWAITING").by_code == "awaiting"


def test_a_changed_word_shows_in_the_comparison_and_in_the_pages_of_the_cases() -> None:
    files = pack_files()
    one = message_files.read(files[HEAT])
    changed = message_files.MessageFile(one.front, {**one.parts, "": one.parts[""] + " Rest often."})
    new = {**files, HEAT: message_files.write(changed), "messages/en/M-EXTRA.md": "x"}
    found = comparing.changes(files, rule_files.frozen(new, 5))
    assert comparing.changes(files, rule_files.frozen(files, 5)) == [], "marks of draft and approved are no change"
    assert {(c.path, c.kind) for c in found} == {(HEAT, "changed"), ("messages/en/M-EXTRA.md", "added")}
    pieces = next(c for c in found if c.path == HEAT).pieces
    assert "Rest often." in "".join(p.text for p in pieces if p.kind == "new")
    assert "".join(p.text for p in pieces if p.kind == "gone") in ("", one.parts[""].split()[-1])
    old, after = load_pack(), load_pack({**files, HEAT: new[HEAT]})
    cases = previews.changed_cases(old, after)
    assert "MDMA pill, 232 mg" in {c.title for c in cases}
    assert all([m.id for m in c.come] == ["M-HEAT"] for c in cases)
    assert previews.changed_cases(old, old) == []
