"""Do the tests notice when the derive step of harm_messages is wrong? Small faults are put in, one at a time.

    python scripts/mutation_of_messages.py [derived merging meeting roles verdicts amounts]

For each fault (a comparison turned round, `and` for `or`, a number one higher, a row of a truth table left out, …) the
tests of tests/harm_messages run until one fails. Tests are collected once; each fault lives in a forked child. Prints
the faults that no test noticed and their share; exit 1 above 10 %. About five minutes on one quiet core.
"""

from __future__ import annotations

import ast
import copy
import os
import resource
import signal
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

ROOT = Path(__file__).resolve().parents[1]
MODULES = ("derived", "merging", "meeting", "roles", "verdicts", "amounts")
# the quickest judges first; golden pages and the slow sweep over the pack say nothing more about these modules
TESTS = (
    "test_deriving.py", "test_predicates_and_order.py", "test_look_alikes.py",
    "test_negatives_need_scope.py", "test_withdrawing_and_merging.py", "test_self_report_stays_in_memory.py",
    "test_page_properties.py",
)  # fmt: skip
LIMIT = 0.10
CPU_SECONDS = 60  # a fault that never ends is noticed too

Fault = tuple[str, int, str, str]  # module, line, what was done, the whole source with it

COMPARE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
CALLS = {"any": "all", "all": "any", "max": "min", "min": "max"}


def changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Every fault that can be put in at this node: what it is, and the node with it."""
    new = copy.deepcopy(node)
    if isinstance(new, ast.Compare) and len(new.ops) == 1 and type(new.ops[0]) in COMPARE:
        new.ops = [COMPARE[type(new.ops[0])]()]
        yield "comparison turned", new
    elif isinstance(new, ast.BoolOp):
        new.op = ast.Or() if isinstance(new.op, ast.And) else ast.And()
        yield "and/or exchanged", new
        for i in range(len(new.values)):
            less = copy.deepcopy(node)
            assert isinstance(less, ast.BoolOp)
            del less.values[i]
            yield f"part {i + 1} left out", less if len(less.values) > 1 else less.values[0]
    elif isinstance(new, ast.UnaryOp) and isinstance(new.op, ast.Not):
        yield "not left out", new.operand
    elif isinstance(new, ast.UnaryOp) and isinstance(new.op, ast.USub):
        yield "minus left out", new.operand
    elif isinstance(new, ast.BinOp) and type(new.op) in ARITHMETIC:
        new.op = ARITHMETIC[type(new.op)]()
        yield "operator exchanged", new
    elif isinstance(new, ast.Constant) and type(new.value) in (bool, int, float):
        new.value = (not new.value) if isinstance(new.value, bool) else new.value + 1
        yield f"{node.value} → {new.value}", new  # type: ignore[attr-defined]
    elif isinstance(new, ast.Constant) and isinstance(new.value, str) and " " not in new.value:  # prose is left alone
        new.value = f"{new.value}X"
        yield "text changed", new
    elif isinstance(new, ast.Call) and isinstance(new.func, ast.Name) and new.func.id in CALLS:
        new.func.id = CALLS[new.func.id]
        yield f"{new.func.id} instead", new
    elif isinstance(new, ast.IfExp):
        new.body, new.orelse = new.orelse, new.body
        yield "branches exchanged", new
    elif isinstance(new, ast.If):
        new.test = ast.UnaryOp(ast.Not(), new.test)
        yield "condition turned", new
    elif isinstance(new, ast.Return) and new.value is not None:
        new.value = ast.Constant(None)
        yield "returns nothing", new
    elif isinstance(new, ast.comprehension) and new.ifs:
        new.ifs = []
        yield "filter left out", new


def faults(module: str, source: str) -> Iterator[Fault]:
    """One by one, in the order of the file. Docstrings, annotations, imports and error texts are left alone."""
    tree = ast.parse(source)
    for path, node in _walk(tree, ()):
        for said, new in changes(node):
            yield module, getattr(node, "lineno", 0) or _line(node), said, _with(tree, path, new)
    for i, statement in enumerate(tree.body):
        value = getattr(statement, "value", None)
        if isinstance(value, ast.Tuple) and len(value.elts) > 2:
            for row in range(len(value.elts)):
                less = copy.deepcopy(value)
                line = less.elts[row].lineno
                del less.elts[row]
                yield module, line, "row left out", _with(tree, (("body", i), ("value", None)), less)


def _line(node: ast.AST) -> int:
    return next((n.lineno for n in ast.walk(node) if hasattr(n, "lineno")), 0)


Path_ = tuple[tuple[str, int | None], ...]


def _walk(node: ast.AST, path: Path_) -> Iterator[tuple[Path_, ast.AST]]:
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for i, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or isinstance(child, ast.Raise | ast.Import | ast.ImportFrom):
                continue
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue  # a docstring
            here = (*path, (name, i))
            yield here, child
            yield from _walk(child, here)


def _with(tree: ast.Module, path: Path_, new: ast.AST) -> str:
    changed = copy.deepcopy(tree)
    at: object = changed
    for name, i in path[:-1]:
        at = getattr(at, name) if i is None else getattr(at, name)[i]
    name, i = path[-1]
    if i is None:
        setattr(at, name, new)
    else:
        getattr(at, name)[i] = new
    return ast.unparse(ast.fix_missing_locations(changed))


class Judge:
    """A pytest plugin: collects as usual, then runs the tests once for each fault, in a child of its own."""

    def __init__(self, modules: list[str]) -> None:
        self.modules = modules
        self.failed = False

    def pytest_collection(self) -> None:
        """Properties look at the same few examples for each fault."""
        from hypothesis import settings

        settings.register_profile("faults", derandomize=True, database=None, max_examples=15)
        settings.load_profile("faults")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Any failure is enough."""
        self.failed = self.failed or report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of the usual loop."""
        if session.testsfailed or not session.items:
            return True
        items = [i for i in session.items if _child(lambda i=i: self._run([i])) == 0]
        left = len(session.items) - len(items)
        print(f"{len(items)} tests judge{f'; {left} fail without any fault and are left out' if left else ''}")
        survived, total = [], 0
        for name in self.modules:
            source = (ROOT / "harm_messages" / f"{name}.py").read_text(encoding="utf-8")
            own = list(faults(name, source))
            alive = [f for f in own if _child(lambda f=f: self._noticed(f, items)) == 0]
            survived += alive
            total += len(own)
            print(f"{name}: {len(own)} faults, {len(alive)} not noticed ({len(alive) / len(own):.1%})", flush=True)
            for _, line, said, _ in alive:
                print(f"  harm_messages/{name}.py:{line}  {said}", flush=True)
        share = len(survived) / max(total, 1)
        print(f"all: {total} faults, {len(survived)} not noticed ({share:.1%})")
        session.testsfailed = int(share > LIMIT)
        return True

    def _noticed(self, fault: Fault, items: list[pytest.Item]) -> bool:
        try:
            _put_in(fault)
        except Exception:
            return True
        return self._run(items)

    def _run(self, items: list[pytest.Item]) -> bool:
        for item in items:
            runtestprotocol(item, nextitem=None, log=True)
            if self.failed:
                return True
        return False


def _child(work: object) -> int:
    """0 where the work, done in a child, says False."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        try:
            code = int(bool(work()))  # type: ignore[operator]
        except BaseException:
            code = 1
        os._exit(code)
    _, status = os.waitpid(pid, 0)
    return -signal.SIGXCPU if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _put_in(fault: Fault) -> None:
    """Run the faulty source in the module's place, and give its functions to all who imported the sound ones."""
    module = sys.modules[f"harm_messages.{fault[0]}"]
    old = {id(v): k for k, v in vars(module).items() if getattr(v, "__module__", None) == module.__name__}
    keep = dict(vars(module))
    exec(compile(fault[3], str(module.__file__), "exec"), vars(module))
    for other in list(sys.modules.values()):
        if isinstance(other, types.ModuleType) and other.__name__.startswith(("harm_messages", "tests.")):
            for key, value in list(vars(other).items()):
                if id(value) in old and value is keep[old[id(value)]]:
                    setattr(other, key, getattr(module, old[id(value)]))


def main() -> int:
    """All modules, or those named."""
    modules = sys.argv[1:] or list(MODULES)
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    tests = [f"tests/harm_messages/{t}" for t in TESTS if (ROOT / "tests" / "harm_messages" / t).exists()]
    quiet = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-s", "--no-header"]
    return int(pytest.main([*quiet, *tests], plugins=[Judge(modules)]))


if __name__ == "__main__":
    raise SystemExit(main())
