"""Words a map does not know become lines to be filled in; filled in, the same files are read."""

from __future__ import annotations

import tomllib

from app.figures.history.report import map_lines
from harm_messages import load_pack

from .conftest import HEAD, ROW, Files

REGISTER = load_pack().substances


def test_the_lines_filled_in_make_the_same_file_readable(files: Files) -> None:
    rows = ROW.replace("Down", "fentanil") + ROW.replace("0001", "0002").replace("Harbour St", 'The "pier"')
    text = HEAD + rows.replace('The "pier"', '"The ""pier"""')
    unknown = files.read(text).unknown
    assert unknown == {"expected": {"fentanil": 1}, "site": {'The "pier"': 1}}
    lines = map_lines(unknown, REGISTER)
    assert "near it: alfentanil, fentanyl" in lines
    filled = lines.replace('"fentanil" = ""', '"fentanil" = "fentanyl"')
    filled = filled.replace('name = "The \\"pier\\""', 'name = "Pier"').replace('agency = ""', 'agency = "North"')
    below, sites = filled.split("[[site]]", 1)[0], "[[site]]" + filled.split("[[site]]", 1)[1]
    files.map_text = files.map_text.replace(
        "[expected]\nnames = {", "[expected]\nnames = {" + below.split("\n")[3].split("  #")[0] + ","
    )
    files.map_text += "\n" + sites
    reading = files.read(text)
    assert reading.problems == []
    assert [(s.expected, s.site) for s in reading.samples] == [(("fentanyl",), "Harbour Street"), (("opioid",), "Pier")]


def test_they_are_toml_whatever_the_words_are_and_guess_nothing() -> None:
    odd = {'a "b" \\ c': 3, "é\t#=[x]": 1, "fentanyll": 2}
    lines = map_lines({"substance": odd, "form": {"powdr": 2}, "site": {'"]\n[x]': 1}, "outcome": {"?": 1}}, REGISTER)
    read = tomllib.loads(lines)
    assert read["substances"]["names"] == dict.fromkeys(odd, "")
    assert read["vocabulary"]["form"]["values"] == {"powdr": ""}
    assert read["site"] == [{"name": '"] [x]', "agency": "", "says": ['"]\n[x]']}]
    assert 'powdr" = ""  # 2 rows; near it: powder' in lines
    assert map_lines({}, REGISTER) == ""
