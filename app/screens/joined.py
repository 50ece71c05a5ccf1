"""Style sheets and scripts that travel together, joined into one file each: a tablet on a slow line asks once, not seven times.

A script that is imported belongs to one joined file and is loaded from nowhere else, so that each runs once. In it a module is a function
named `$` and its name, which runs the module when it is first asked and gives what it exports. Comments stay behind: they are a third
of what we write. Our scripts are written for this: imports stand at the beginning of a line, and what is exported never changes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path, PurePosixPath

SCREENS = Path(__file__).parent
AT = "/static/joined/"

_BASE = ("common/tokens.css", "common/base.css")
SHEETS: Mapping[str, Sequence[str]] = {
    "staff.css": (*_BASE, "common/staff.css", "common/print.css"),
    "client.css": (*_BASE, "ticket/ticket.css", "common/print.css", "ticket/paper-a4.css"),
    "wall.css": (*_BASE, "sessions/wall.css"),
    "scan.css": (*_BASE, "scan/scan.css"),
    "intake.css": ("reception/intake.css",),
    "bench.css": ("bench/bench.css",),
    "consultation.css": ("ticket/ticket.css", "consultation/consultation.css"),
}
"""The sheet of each kind of page, of these in their order; then what the heaviest screens add to that of staff."""
ON_PAPER = frozenset({"common/print.css", "ticket/paper-a4.css"})
"""Sheets that hold for paper alone."""
SCRIPTS: Mapping[str, Sequence[str]] = {
    "staff.js": ("common/mast.js", "common/live.js", "common/keys.js"),
    "typed.js": ("common/drafts.js", "common/device_store.js", "common/filled.js"),
    "leaving.js": ("common/leaving.js",),
    "combobox.js": ("common/combobox.js",),
    "nudge.js": ("common/nudge.js", "common/nudge_patterns.js"),
    "intake.js": (
        "reception/intake.js", "reception/said.js", "reception/photo.js", "reception/ticket.js", "reception/offline.js",
        "reception/outbox.js", "reception/offline_ticket.js", "reception/labels.js",
    ),
    "upload.js": (
        "common/upload.js", "common/upload_follow.js", "common/upload_folders.js", "common/upload_row.js",
        "common/upload_zip.js",
    ),
    "spectrum.js": (
        "common/spectrum.js", "common/spectrum_parts.js", "common/spectrum_labels.js", "common/spectrum_tools.js",
        "common/spectrum_mass.js", "common/spectrum_run.js", "common/spectrum_more.js",
    ),
    "bench.js": ("bench/bench.js",),
    "told.js": ("common/reading.js", "common/speech.js", "common/contact.js"),
    "also.js": ("ticket/also.js",),
    "ticket.js": ("ticket/ticket.js", "ticket/help.js"),
}  # fmt: skip
"""What is needed together, and what imports or is imported by something: a module stands in one of these only."""
STARTED = frozenset({"staff.js", "bench.js", "ticket.js"})
"""Those a page names itself: their first module runs at once. The others run when they are asked for."""

_NOTE = re.compile(r"[ \t]*/\*.*?\*/", re.DOTALL)
_DOC = re.compile(r"[ \t]*/\*\*.*?\*/", re.DOTALL)
_LINE = re.compile(r"^[ \t]*//.*\n|^[ \t]*\n", re.MULTILINE)
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
_IMPORT = re.compile(r'^import (?:(\{[^}]*\})|\* as (\w+)|(\w+)) from "([^"]+)";$', re.MULTILINE)
_LATER = re.compile(r'\bimport\("(\.[^"]+)"\)')
_EXPORT = re.compile(r"^export ((?:async )?(?:function|class|const) (\w+))", re.MULTILINE)
_DEFAULT = "export default "


def parts(name: str) -> list[Path]:
    """The files a joined one is made of; none where there is no such file."""
    return [SCREENS / one for one in (*SHEETS.get(name, ()), *SCRIPTS.get(name, ()))]


def joined(name: str) -> str:
    """The text of a joined file."""
    return _sheet(SHEETS[name]) if name in SHEETS else _script(name)


def _sheet(names: Sequence[str]) -> str:
    return "".join(_for_paper(_read(one)) if one in ON_PAPER else _read(one) for one in names)


def _for_paper(rules: str) -> str:
    return f"@media print {{\n{rules}}}\n"


def _read(name: str) -> str:
    """What a browser needs of a file."""
    text = (SCREENS / name).read_text("utf-8")
    return _INDENT.sub("", _LINE.sub("", (_NOTE if name.endswith(".css") else _DOC).sub("", text)))


@cache
def _homes() -> dict[str, str]:
    """The joined file of each module."""
    return {module: name for name, modules in SCRIPTS.items() for module in modules}


def _called(module: str) -> str:
    return "$" + PurePosixPath(module).stem


def _meant(module: str, address: str) -> str:
    """The module an address in this one leads to."""
    found = (SCREENS / module).parent / address
    return found.resolve().relative_to(SCREENS.resolve()).as_posix()


def _script(name: str) -> str:
    outside: dict[str, set[str]] = {}
    made = [_module(name, module, outside) for module in SCRIPTS[name]]
    lines = [f'import {{ {", ".join(sorted(asked))} }} from "{AT}{home}";' for home, asked in sorted(outside.items())]
    lines.append("const once = (run) => { let made; return () => (made ??= run()); };")
    started = [f"{_called(SCRIPTS[name][0])}();"] if name in STARTED else []
    return "\n".join([*lines, *made, *started]) + "\n"


def _module(name: str, module: str, outside: dict[str, set[str]]) -> str:
    """One module as a function of its exports; what it imports from another joined file is noted."""

    def imported(found: re.Match[str]) -> str:
        some, whole, default, address = found.groups()
        meant = _meant(module, address)
        home = _homes()[meant]
        if home != name:
            outside.setdefault(home, set()).add(_called(meant))
        into = some.replace(" as ", ": ") if some else whole or f"{{ default: {default} }}"
        return f"const {into} = {_called(meant)}();"

    def later(found: re.Match[str]) -> str:
        meant = _meant(module, found[1])
        home = _homes().get(meant)
        if home == name:
            return f"Promise.resolve().then({_called(meant)})"
        called = _called(meant)
        return f'import("{AT}{home}").then((all) => all.{called}())' if home else f'import("/static/{meant}")'

    text = _LATER.sub(later, _IMPORT.sub(imported, _read(module)))
    exports = [found[1] for found in _EXPORT.findall(text)]
    text = _EXPORT.sub(r"\1", text)
    if _DEFAULT in text:
        text, exports = text.replace(_DEFAULT, "const $default = ", 1), [*exports, "default: $default"]
    return f"export const {_called(module)} = once(() => {{\n{text}return {{ {', '.join(exports)} }};\n}});"
