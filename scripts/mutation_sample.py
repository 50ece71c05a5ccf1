"""Does the suite notice a fault anywhere in the house? Some hundred places drawn by a seed, each changed once, and the tests that reach it.

    python scripts/mutation_sample.py reach             which test reaches which line (minutes; Python 3.12 or newer)
    python scripts/mutation_sample.py draw 400 --seed 40   a new list of places from all functions of the four packages
    python scripts/mutation_sample.py try               change each place of the list, one at a time; exit 1 where a change
                                                        that was noticed before is not any more

The list is scripts/mutation_sample.csv: the place (file, function, what is changed, its source, which of several alike), and the test
that noticed it. A place is found again wherever its function went, as long as its name and the source of the place are the same.
Each change is tried in a child of one process that has collected the tests: the function gets new code, then the test that
noticed it before runs, then others that reach the line, those of fewest lines and seconds first, until one fails. A test counts
only if it passes in another child where nothing was changed.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import csv
import gc
import importlib
import json
import os
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("app", "spectra", "instruments", "harm_messages")
LIST = ROOT / "scripts" / "mutation_sample.csv"
REACH = ROOT / ".setup" / "reach.json"
SECONDS = 25.0
"""How long the tests of one place may run."""
TESTS = [
    "--tier",
    "quick",
    "-m",
    "not browser and not postgres",
    "-n0",
    "-q",
    "-p",
    "no:cacheprovider",
    "--timeout",
    "0",
]


@dataclass(frozen=True)
class Place:
    """Something that can be changed, and who noticed."""

    file: str
    function: str
    change: str
    source: str
    nth: int
    noticed_by: str = ""

    @property
    def identity(self) -> tuple[str, str, str, int]:
        """What stays the same when a file moves."""
        return self.function, self.change, self.source, self.nth


# -- what can be changed ---------------------------------------------------------------------------

OTHER_COMPARISON: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
OTHER_OPERATOR: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[], None]]]:
    """The changes that one node allows; each is made in the tree when it is called."""
    match node:
        case ast.Compare(ops=[only]) if type(only) in OTHER_COMPARISON:
            yield "comparison", lambda: node.ops.__setitem__(0, OTHER_COMPARISON[type(only)]())
        case ast.BoolOp():
            yield "and, or", lambda: setattr(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
        case ast.BinOp() if type(node.op) in OTHER_OPERATOR:
            yield "arithmetic", lambda: setattr(node, "op", OTHER_OPERATOR[type(node.op)]())
        case ast.Constant(value=bool()):
            yield "constant", lambda: setattr(node, "value", not node.value)
        case ast.Constant(value=int() | float()):
            yield "constant", lambda: setattr(node, "value", node.value + 1)  # type: ignore[operator]
        case ast.If() | ast.IfExp() | ast.While():
            yield "condition", lambda: setattr(node, "test", ast.UnaryOp(ast.Not(), node.test))
        case ast.Return(value=ast.AST() as value) if not (isinstance(value, ast.Constant) and value.value is None):
            yield "returned value", lambda: setattr(node, "value", ast.Constant(None))


def _inside(function: ast.AST) -> Iterator[tuple[ast.AST, Callable[[ast.stmt], None] | None]]:
    """Every node of a function's body in the order of the source, without functions in it and annotations; statements
    come with what puts another in their place."""

    def walk(node: ast.AST) -> Iterator[tuple[ast.AST, Callable[[ast.stmt], None] | None]]:
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "args", "type_params") and isinstance(
                node, FUNCTION | ast.AnnAssign
            ):
                continue
            for at, child in enumerate(value if isinstance(value, list) else [value]):
                if not isinstance(child, ast.AST) or isinstance(child, FUNCTION | ast.ClassDef):
                    continue
                put = (
                    (lambda new, value=value, at=at: value.__setitem__(at, new))
                    if isinstance(child, ast.stmt)
                    else None
                )
                yield child, put
                yield from walk(child)

    return walk(function)


FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Functions and methods with their qualified names, functions in functions too."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FUNCTION):
            yield prefix + child.name, child
            yield from _functions(child, f"{prefix}{child.name}.<locals>.")
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")
        else:
            yield from _functions(child, prefix)


def places(file: str, tree: ast.AST) -> Iterator[tuple[Place, int, Callable[[], None]]]:
    """Every place of a file with its line and what changes the tree there."""
    for function, body in _functions(tree):
        seen: Counter[tuple[str, str]] = Counter()
        for node, put in _inside(body):
            found = list(_changes(node))
            is_call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await)
            if put is not None and (is_call or isinstance(node, ast.Raise)):
                found.append(("statement", lambda put=put, node=node: put(ast.copy_location(ast.Pass(), node))))
            for change, make in found:
                text = " ".join(ast.unparse(node).split())[:120]
                seen[change, text] += 1
                yield Place(file, function, change, text, seen[change, text]), node.lineno, make  # type: ignore[attr-defined]


def sources() -> list[str]:
    """The files of the four packages."""
    return sorted(str(p.relative_to(ROOT)) for name in PACKAGES for p in (ROOT / name).rglob("*.py"))


def draw(number: int, seed: int) -> list[Place]:
    """Places from all of them, each as likely as any other."""
    every = [place for file in sources() for place, _, _ in places(file, ast.parse((ROOT / file).read_text()))]
    return random.Random(seed).sample(every, number)


def where_now(wanted: Sequence[Place]) -> dict[Place, tuple[str, int]]:
    """File and line of each place that still is there."""
    there: dict[tuple[str, str, str, int], list[tuple[str, int]]] = defaultdict(list)
    for file in sources():
        for place, line, _ in places(file, ast.parse((ROOT / file).read_text())):
            there[place.identity].append((file, line))
    found = {}
    for place in wanted:
        now = there[place.identity]
        same = [at for at in now if at[0] == place.file]
        if same or len(now) == 1:
            found[place] = (same or now)[0]
    return found


# -- one change in a running process -----------------------------------------------------------------


def _codes(code: CodeType) -> Iterator[CodeType]:
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield const
            yield from _codes(const)


def apply(place: Place, file: str) -> None:
    """Give every function that was made from the source of the place its changed code."""
    path = str(ROOT / file)
    importlib.import_module(file.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    tree = ast.parse(Path(path).read_text(), path)
    next(make for found, _, make in places(file, tree) if found.identity == place.identity)()
    changed = compile(ast.fix_missing_locations(tree), path, "exec")
    new = {(code.co_qualname, code.co_firstlineno): code for code in _codes(changed)}
    gc.unfreeze()
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and thing.__code__.co_filename == path:
            code = new.get((thing.__code__.co_qualname, thing.__code__.co_firstlineno))
            if code is not None:
                thing.__code__ = code


class Trial:
    """The collected tests, as a plugin of pytest whose loop tries the places instead of running the tests."""

    def __init__(self, wanted: Sequence[Place], jobs: int) -> None:
        self.wanted, self.jobs = wanted, jobs
        self.outcome: dict[Place, str] = {}
        self.sound: dict[str, bool] = {}
        self.began: dict[int, float] = {}
        self.items: dict[str, list[pytest.Item]] = defaultdict(list)
        self.reach: dict[str, Any] = json.loads(REACH.read_text()) if REACH.is_file() else {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try each place, some at a time."""
        for item in session.items:
            self.items[item.nodeid.partition("[")[0]].append(item)
        reaching: dict[tuple[str, int], list[tuple[float, str]]] = defaultdict(list)
        for test, (seconds, times, files) in self.reach.items():
            if test in self.items:
                cost = seconds / times + sum(map(len, files.values())) / 4000
                for file, lines in files.items():
                    for line in lines:
                        reaching[file, line].append((cost, test))
        now = where_now(self.wanted)
        queue = [place for place in self.wanted if place in now]
        self.outcome |= dict.fromkeys((place for place in self.wanted if place not in now), "gone")
        running: dict[int, tuple[Place, int]] = {}
        while queue or running:
            while queue and len(running) < self.jobs:
                place = queue.pop(0)
                file, line = now[place]
                tests = [test for _, test in sorted(reaching[file, line])]
                if place.noticed_by in self.items:
                    tests = [place.noticed_by, *(t for t in tests if t != place.noticed_by)]
                tests = [test for test in tests if self.sound.get(test, True)]
                if not tests:
                    self._note(place, "not reached")
                    continue
                pid, pipe = self._child(lambda place=place, file=file: apply(place, file), tests)
                running[pid] = place, pipe
            if running:
                pid = self._ended(running)
                place, pipe = running.pop(pid)
                with os.fdopen(pipe) as said:
                    if not self._note(place, said.read() or "by: the process died"):
                        queue.insert(0, place)  # again, without the test that fails by itself
        return True

    def _ended(self, running: Mapping[int, object]) -> int:
        """The next child that has ended; one that outlives its own alarm is killed."""
        while True:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid:
                return pid
            for child in running:
                if time.monotonic() - self.began[child] > SECONDS + 120:
                    os.kill(child, signal.SIGKILL)
            time.sleep(0.02)

    def _note(self, place: Place, outcome: str) -> bool:
        test = outcome.removeprefix("by: ")
        if outcome.startswith("by: ") and test in self.items and not self._passes(test):
            print(f"     fails where nothing was changed: {test}", flush=True)
            return False
        self.outcome[place] = outcome
        print(
            f"{len(self.outcome):4d} {place.file}:{place.function} [{place.change}] {place.source[:60]} -> {outcome}",
            flush=True,
        )
        return True

    def _passes(self, test: str) -> bool:
        if test not in self.sound:
            pid, pipe = self._child(lambda: None, [test])
            os.waitpid(pid, 0)
            with os.fdopen(pipe) as said:
                self.sound[test] = said.read() == "not noticed"
        return self.sound[test]

    def _child(self, change: Callable[[], None], tests: Sequence[str]) -> tuple[int, int]:
        """A child that makes the change and runs the tests until one fails; its pipe says which."""
        read, write = os.pipe()
        pid = os.fork()
        if pid:
            os.close(write)
            self.began[pid] = time.monotonic()
            return pid, read
        os.setpgid(0, 0)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)

        def say(what: str) -> None:
            os.write(write, what.encode())
            os._exit(0)

        current = tests[0]
        signal.signal(signal.SIGALRM, lambda *_: say(f"by: {current}"))  # it never ends
        try:
            change()
        except ValueError:
            say("cannot be made")
        began = time.monotonic()
        for current in tests:
            left = SECONDS - (time.monotonic() - began)
            if left <= 0:
                break
            for item in self.items[current]:
                signal.alarm(60)
                with contextlib.suppress(BaseException):
                    reports = runtestprotocol(item, nextitem=item, log=False)
                    if all(report.passed or report.skipped for report in reports):
                        continue
                say(f"by: {current}")
        say("not noticed")
        raise AssertionError


# -- which test reaches which line -------------------------------------------------------------------


class Reach:
    """A plugin of pytest that records the lines of the four packages that each test runs."""

    def __init__(self) -> None:
        monitoring = sys.monitoring
        self.now: set[tuple[str, int]] = set()
        self.tests: dict[str, tuple[float, int, dict[str, set[int]]]] = {}
        self.own = tuple(f"{ROOT}/{name}/" for name in PACKAGES)
        monitoring.use_tool_id(3, "reach")
        monitoring.register_callback(3, monitoring.events.LINE, self._line)
        monitoring.set_events(3, monitoring.events.LINE)

    def _line(self, code: CodeType, line: int) -> object:
        if code.co_filename.startswith(self.own):
            self.now.add((code.co_filename, line))
        return sys.monitoring.DISABLE

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Lines between the end of the test before and the end of this one."""
        self.now.clear()
        sys.monitoring.restart_events()
        began = time.perf_counter()
        result = yield
        test = item.nodeid.partition("[")[0]
        seconds, times, files = self.tests.get(test, (0.0, 0, {}))
        for name, line in list(self.now):
            files.setdefault(name.removeprefix(f"{ROOT}/"), set()).add(line)
        self.tests[test] = seconds + time.perf_counter() - began, times + 1, files
        return result

    def pytest_sessionfinish(self) -> None:
        """Keep it."""
        REACH.parent.mkdir(exist_ok=True)
        REACH.write_text(
            json.dumps(
                {t: (s, n, {f: sorted(at) for f, at in files.items()}) for t, (s, n, files) in self.tests.items()}
            )
        )


# -- the list and the table --------------------------------------------------------------------------


def read() -> list[Place]:
    """The list."""
    with LIST.open(newline="") as file:
        return [Place(**{**row, "nth": int(row["nth"])}) for row in csv.DictReader(file)]  # type: ignore[arg-type]


def write(rows: Iterable[Place]) -> None:
    """The list, to be read by people too."""
    with LIST.open("w", newline="") as file:
        out = csv.DictWriter(file, [field.name for field in fields(Place)], lineterminator="\n")
        out.writeheader()
        out.writerows(
            asdict(row) for row in sorted(rows, key=lambda row: (row.file, row.function, row.source, row.nth))
        )


def table(rows: Sequence[Place], outcome: dict[Place, str]) -> list[str]:
    """One line for each package: places, noticed before, noticed now, gone."""
    lines = ["package         places  noticed before  of these: noticed  gone  lost"]
    for name in (*PACKAGES, ""):
        own = [row for row in rows if row.file.startswith(name and f"{name}/")]
        before = [row for row in own if row.noticed_by]
        now = sum(outcome[row].startswith("by: ") for row in before)
        gone = sum(outcome[row] in ("gone", "cannot be made") for row in before)
        lines.append(
            f"{name or 'all':15} {len(own):6}  {len(before):14}  {now:17}  {gone:4}  {len(before) - now - gone:4}"
        )
    return lines


def main() -> int:
    """See the first lines of this file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=("reach", "draw", "try"))
    parser.add_argument("number", nargs="?", type=int, default=400)
    parser.add_argument("--seed", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--learn", action="store_true", help="keep in the list who noticed")
    asked = parser.parse_args()
    os.chdir(ROOT)
    if asked.what == "draw":
        write(draw(asked.number, asked.seed))
        return 0
    if asked.what == "reach":
        if sys.version_info < (3, 12):
            parser.error("this needs Python 3.12 or newer (sys.monitoring)")
        return int(pytest.main(TESTS, plugins=[Reach()]))
    rows = read()
    trial = Trial(rows, asked.jobs)
    pytest.main(TESTS, plugins=[trial])
    if asked.learn:
        found = {row: trial.outcome[row].removeprefix("by: ") for row in rows if trial.outcome[row].startswith("by: ")}
        write(replace(row, noticed_by=found.get(row, "")) for row in rows)
    print("\n".join(table(rows, trial.outcome)))
    lost = [row for row in rows if row.noticed_by and not trial.outcome[row].startswith(("by: ", "gone", "cannot"))]
    for row in lost:
        print(f"not noticed any more: {row.file} {row.function} [{row.change}] {row.source}: {trial.outcome[row]}")
    return int(bool(lost))


if __name__ == "__main__":
    sys.exit(main())
