"""What templates ask of the values a page gives them, held against the types mypy infers: a name no page gives, an attribute or
key its type does not have.

python scripts/check_templates.py          prints what is wrong and exits 1

Every call of `Templates.page` is looked at with the template it names, the layout that extends, and what is included. Arguments of
macros and results of most filters have no known type; nothing is said of them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from jinja2 import ChoiceLoader, DictLoader, Environment, FileSystemLoader, nodes
from mypy import build
from mypy.checker import TypeChecker
from mypy.main import process_options
from mypy.maptype import map_instance_to_supertype
from mypy.nodes import ARG_STAR2, ConditionalExpr, Expression, FuncDef, NameExpr, StrExpr, TypeInfo
from mypy.options import Options
from mypy.plugin import FunctionContext, MethodContext, Plugin
from mypy.subtypes import find_member
from mypy.types import (
    AnyType,
    CallableType,
    FunctionLike,
    Instance,
    LiteralType,
    NoneType,
    ProperType,
    TupleType,
    Type,
    TypedDictType,
    TypeOfAny,
    UnionType,
    get_proper_type,
)

ROOT = Path(__file__).resolve().parents[1]
SCREENS = ROOT / "app" / "screens"
PAGES = {"app.platform.web.templates.Templates.page", "app.screens.visits.Visit.page"}
"""Both end with the template's name, the status and the values."""
COMMON = ("app.screens.frame", "CommonValues")
"""The typed dictionary of what every page is given, and the module that defines it."""
GLOBALS = {"request", "blank", "free_text", "range", "dict", "namespace", "loop", "caller", "self"}
SAME_ITEMS = {"sort", "list", "reverse", "selectattr", "rejectattr", "select", "reject", "unique"}
ONE_ITEM = {"first", "last", "min", "max"}
PROOF = "wrong on purpose"
UNKNOWN = AnyType(TypeOfAny.special_form)


@dataclass(slots=True)
class Call:
    """One call of `Templates.page`: where it stands, the templates it may render, and the types of its values."""

    where: str
    templates: set[str]
    values: dict[str, Type]
    open: bool = False
    """Whether further values are given whose names are not known."""


@dataclass(slots=True)
class Checked:
    """What was found, each once."""

    wrong: dict[str, None] = field(default_factory=dict)
    pages: set[str] = field(default_factory=set)


class Collector(Plugin):
    """Notes the calls of `Templates.page`, and of functions of ours that hand a template's name or further values on to it."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.pages: list[tuple[MethodContext, str, FuncDef | None]] = []
        self.others: dict[str, list[FunctionContext]] = {}

    def get_method_hook(self, fullname: str) -> Callable[[MethodContext], Type] | None:
        """mypy's own hook: what is called."""
        return self._page if fullname in PAGES else None

    def get_function_hook(self, fullname: str) -> Callable[[FunctionContext], Type] | None:
        """mypy's own hook: what is called."""
        if not fullname.startswith("app."):
            return None

        def note(context: FunctionContext) -> Type:
            self.others.setdefault(fullname, []).append(context)
            return context.default_return_type

        return note

    def _page(self, context: MethodContext) -> Type:
        api = context.api
        assert isinstance(api, TypeChecker)
        inside = api.scope.top_level_function()
        self.pages.append((context, api.path, inside if isinstance(inside, FuncDef) else None))
        return context.default_return_type

    def calls(self) -> Iterator[Call]:
        """Each call, once for every template it may render and every caller that says so."""
        seen = set[tuple[str, int]]()
        for context, path, inside in self.pages:
            where = f"{Path(path).relative_to(ROOT)}:{context.context.line}"
            if (path, context.context.line) not in seen:  # mypy may look at a call twice
                seen.add((path, context.context.line))
                yield from self._of(where, context, path, inside)

    def _of(self, where: str, context: MethodContext, path: str, inside: FuncDef | None) -> Iterator[Call]:
        values, unknown, further = _values(context)
        template = context.args[-3][0]
        name = template.name if isinstance(template, NameExpr) else ""
        if inside is None or name not in inside.arg_names:
            # what an attribute may name: any template that is named in the module
            named = set(re.findall(r'"(\w+/\w+\.html)"', Path(path).read_text(encoding="utf-8")))
            yield Call(where, _named(template, named), values, unknown or further)
            return
        at = inside.arg_names.index(name)
        if (default := inside.arguments[at].initializer) is not None:
            yield Call(where, _named(default, set()), values, unknown)
        for caller in self.others.get(inside.fullname, ()):
            more = _values(caller)[0] if further else {}
            for given in caller.args[at]:
                yield Call(where, _named(given, set()), {**more, **values}, unknown)


def _values(context: MethodContext | FunctionContext) -> tuple[dict[str, Type], bool, bool]:
    """Names and types of what goes into `**values`; whether there are names nobody knows; whether a caller's are handed on."""
    values, unknown, further = dict[str, Type](), False, False
    for kind, name, of, argument in zip(
        context.arg_kinds[-1], context.arg_names[-1], context.arg_types[-1], context.args[-1], strict=True
    ):
        known = get_proper_type(of)
        if kind != ARG_STAR2 and name:
            values[name] = of
        elif isinstance(argument, NameExpr) and argument.name == "values":
            further = True
        elif isinstance(known, TypedDictType):
            values |= known.items
        else:
            unknown = True
    return values, unknown, further


def _named(argument: Expression, named: set[str]) -> set[str]:
    if isinstance(argument, StrExpr):
        return {argument.value}
    if isinstance(argument, ConditionalExpr):
        return _named(argument.if_expr, named) | _named(argument.else_expr, named)
    return named


Blocks = dict[str, tuple[str, nodes.Block]]
"""Blocks of a page by name, with the template each stands in."""


class Checker:
    """Walks a template with the types of what it is given."""

    def __init__(self, environment: Environment, iterable: TypeInfo, found: Checked) -> None:
        self.environment, self.iterable, self.found = environment, iterable, found
        self.name, self.call, self.guarded = "", Call("", set(), {}), set[str]()

    def page(self, name: str, call: Call, common: dict[str, Type]) -> None:
        """One template as this call renders it."""
        self.call = call
        self.found.pages.add(name)
        self._template(name, {**common, **call.values})

    def _parsed(self, name: str) -> nodes.Template:
        source, _, _ = self.environment.loader.get_source(self.environment, name)  # type: ignore[union-attr]
        return self.environment.parse(source)

    def _template(self, name: str, scope: dict[str, Type], blocks: Blocks | None = None) -> None:
        """A template and the layout it extends, which runs the blocks of the page in its own place."""
        before, self.name = self.name, name
        tree = self._parsed(name)
        self.guarded |= _guarded(tree)
        parent = next((n for n in tree.body if isinstance(n, nodes.Extends)), None)
        if parent is not None and isinstance(parent.template, nodes.Const):
            own = {n.name: (name, n) for n in tree.find_all(nodes.Block)}
            self._body([n for n in tree.body if not isinstance(n, nodes.Extends | nodes.Block)], scope)
            self._template(parent.template.value, scope, {**own, **(blocks or {})})
        else:
            self._body(tree.body, scope, blocks)
        self.name = before

    def _body(self, body: list[nodes.Node], scope: dict[str, Type], blocks: Blocks | None = None) -> None:
        for node in body:
            self._statement(node, scope, blocks or {})

    def _statement(self, node: nodes.Node, scope: dict[str, Type], blocks: Blocks) -> None:
        match node:
            case nodes.Output():
                for part in node.nodes:
                    self._of(part, scope)
            case nodes.Assign():
                self._bind(node.target, self._of(node.node, scope), scope)
            case nodes.AssignBlock():
                self._bind(node.target, UNKNOWN, scope)
                self._body(node.body, dict(scope))
            case nodes.For():
                inner = {**scope, "loop": UNKNOWN}
                self._bind(node.target, self._item(self._of(node.iter, scope)), inner)
                if node.test is not None:
                    self._of(node.test, inner)
                self._body(node.body, inner)
                self._body(node.else_, dict(scope))
            case nodes.If():
                self._of(node.test, scope)
                for part in (node.body, node.elif_, node.else_):
                    self._body(part, scope)
            case nodes.With():
                inner = dict(scope)
                for target, value in zip(node.targets, node.values, strict=True):
                    self._bind(target, self._of(value, scope), inner)
                self._body(node.body, inner)
            case nodes.Macro():
                scope[node.name] = UNKNOWN
                self._body(
                    node.body,
                    {
                        **scope,
                        **{a.name: UNKNOWN for a in node.args},
                        "caller": UNKNOWN,
                        "varargs": UNKNOWN,
                        "kwargs": UNKNOWN,
                    },
                )
            case nodes.CallBlock():
                self._of(node.call, scope)
                self._body(node.body, {**scope, **{a.name: UNKNOWN for a in node.args}})
            case nodes.FilterBlock() | nodes.Scope():
                self._body(node.body, dict(scope))
            case nodes.Block():
                before, (self.name, said) = self.name, blocks.get(node.name, (self.name, node))
                self._body(said.body, dict(scope), blocks)
                self.name = before
            case nodes.Include():
                if isinstance(node.template, nodes.Const):
                    self._template(node.template.value, dict(scope))
            case nodes.Import():
                scope[node.target] = UNKNOWN
            case nodes.FromImport():
                for name in node.names:
                    scope[name if isinstance(name, str) else name[1]] = UNKNOWN
            case nodes.ExprStmt():
                self._of(node.node, scope)

    def _bind(self, target: nodes.Node, value: Type, scope: dict[str, Type]) -> None:
        if isinstance(target, nodes.Name):
            scope[target.name] = value
        elif isinstance(target, nodes.Tuple):
            known = get_proper_type(value)
            items = known.items if isinstance(known, TupleType) and len(known.items) == len(target.items) else None
            for at, part in enumerate(target.items):
                self._bind(part, items[at] if items else UNKNOWN, scope)

    def _of(self, node: nodes.Node, scope: dict[str, Type]) -> Type:
        """The type of an expression; what is wrong inside it is noted."""
        match node:
            case nodes.Name():
                return self._name(node, scope)
            case nodes.Getattr():
                return self._attribute(self._of(node.node, scope), node.attr, node)
            case nodes.Getitem():
                return self._subscript(self._of(node.node, scope), node, scope)
            case nodes.Call():
                return self._called(node, scope)
            case nodes.Filter():
                return self._filtered(node, scope)
            case nodes.CondExpr():
                self._of(node.test, scope)
                other = self._of(node.expr2, scope) if node.expr2 is not None else UNKNOWN
                return UnionType.make_union([self._of(node.expr1, scope), other])
            case nodes.And() | nodes.Or():
                return UnionType.make_union([self._of(node.left, scope), self._of(node.right, scope)])
            case nodes.Test() if node.name in ("defined", "undefined"):
                return UNKNOWN
        for part in node.iter_child_nodes():
            self._of(part, scope)
        return UNKNOWN

    def _name(self, node: nodes.Name, scope: dict[str, Type]) -> Type:
        if node.name in scope:
            return scope[node.name]
        if node.name not in GLOBALS and node.name not in self.guarded and not self.call.open:
            self._wrong(node, f"{node.name} is not given")
        return UNKNOWN

    def _wrong(self, node: nodes.Node, what: str) -> None:
        self.found.wrong[f"{self.name}:{node.lineno}: {what} ({self.call.where})"] = None

    def _attribute(self, on: Type, name: str, node: nodes.Node) -> Type:
        found = [self._member(part, name) for part in _parts(on)]
        if found and all(one is None for one in found):
            self._wrong(node, f"{_words(on)} has no {name}")
        return UnionType.make_union([one or UNKNOWN for one in found]) if found else UNKNOWN

    def _member(self, on: ProperType, name: str) -> Type | None:
        if isinstance(on, TypedDictType):
            return on.items.get(name) or find_member(name, on.fallback, on.fallback)
        if isinstance(on, TupleType):
            return self._member(on.partial_fallback, name)
        if isinstance(on, LiteralType):
            return self._member(on.fallback, name)
        if isinstance(on, Instance):
            if (member := find_member(name, on, on)) is not None:
                return member
            return self._value(on)
        if isinstance(on, FunctionLike) and on.is_type_obj():
            return UNKNOWN if on.type_object().get(name) is not None else None
        return UNKNOWN

    def _value(self, on: Instance) -> Type | None:
        """What a mapping holds: a template may write `mapping.key`."""
        for base in on.type.mro:
            if base.fullname == "typing.Mapping":
                return map_instance_to_supertype(on, base).args[1]
        return None

    def _subscript(self, on: Type, node: nodes.Getitem, scope: dict[str, Type]) -> Type:
        self._of(node.arg, scope)
        key = node.arg.value if isinstance(node.arg, nodes.Const) else None
        found: list[Type] = []
        for part in _parts(on):
            if isinstance(part, TypedDictType) and isinstance(key, str):
                if key not in part.items:
                    self._wrong(node, f"{_words(on)} has no {key}")
                found.append(part.items.get(key, UNKNOWN))
            elif isinstance(part, TupleType) and isinstance(key, int) and -len(part.items) <= key < len(part.items):
                found.append(part.items[key])
            elif isinstance(part, Instance) and not isinstance(node.arg, nodes.Slice):
                found.append(self._value(part) or self._item(part))
            else:
                found.append(part if isinstance(node.arg, nodes.Slice) else UNKNOWN)
        return UnionType.make_union(found) if found else UNKNOWN

    def _called(self, node: nodes.Call, scope: dict[str, Type]) -> Type:
        for part in (*node.args, *(k.value for k in node.kwargs)):
            self._of(part, scope)
        called = get_proper_type(self._of(node.node, scope))
        return called.ret_type if isinstance(called, CallableType) else UNKNOWN

    def _filtered(self, node: nodes.Filter, scope: dict[str, Type]) -> Type:
        for part in (*node.args, *(k.value for k in node.kwargs)):
            self._of(part, scope)
        if node.node is None or (
            node.name == "default" and isinstance(node.node, nodes.Name) and node.node.name not in scope
        ):
            return UNKNOWN
        on = self._of(node.node, scope)
        if node.name in SAME_ITEMS:
            return on
        return self._item(on) if node.name in ONE_ITEM else UNKNOWN

    def _item(self, of: Type) -> Type:
        """What iterating over it gives."""
        found: list[Type] = []
        for part in _parts(of):
            if isinstance(part, TupleType):
                found.extend(part.items)
            elif isinstance(part, Instance) and self.iterable in part.type.mro:
                found.append(map_instance_to_supertype(part, self.iterable).args[0])
            else:
                found.append(UNKNOWN)
        return UnionType.make_union(found) if found else UNKNOWN


def _guarded(tree: nodes.Template) -> set[str]:
    """Names a template asks about before it uses them, or has a value for."""
    tests = {t.node.name for t in tree.find_all(nodes.Test) if t.name == "defined" and isinstance(t.node, nodes.Name)}
    defaults = {
        f.node.name for f in tree.find_all(nodes.Filter) if f.name == "default" and isinstance(f.node, nodes.Name)
    }
    return tests | defaults


def _parts(of: Type) -> list[ProperType]:
    """A union's members without None: a template that asks for more than None has is refused when it runs."""
    known = get_proper_type(of)
    members = [get_proper_type(one) for one in known.items] if isinstance(known, UnionType) else [known]
    return [one for one in members if not isinstance(one, NoneType)]


def _words(of: Type) -> str:
    return " or ".join(str(part).rsplit(".", 1)[-1] for part in _parts(of))


def main() -> int:
    """Print what is wrong; 1 where anything is."""
    sources, options = process_options(["--config-file", str(ROOT / "pyproject.toml"), "--no-incremental"])
    collector = Collector(options)
    result = build.build(sources, options=options, stdout=StringIO(), stderr=StringIO(), extra_plugins=[collector])
    calls = list(collector.calls())
    for line in result.errors:
        print(line)
    module, name = COMMON
    common = result.files[module].names.get(name)
    info = common.node if common is not None else None
    given = dict(info.typeddict_type.items) if isinstance(info, TypeInfo) and info.typeddict_type else {}
    iterable = result.files["typing"].names["Iterable"].node
    assert isinstance(iterable, TypeInfo)
    environment = Environment(
        loader=ChoiceLoader(
            [DictLoader({PROOF: "{{ actor.no_such_key }}{{ no_such_name }}"}), FileSystemLoader(SCREENS)]
        )
    )
    proof, found = Checked(), Checked()
    Checker(environment, iterable, proof).page(PROOF, Call("", set(), {}), given)
    assert len(proof.wrong) == 2, "a template that is wrong twice passes: this check has lost its sight"
    for call in calls:
        for template in sorted(call.templates):
            Checker(environment, iterable, found).page(template, call, given)
    for line in found.wrong:
        print(line)
    loose = [call.where for call in calls if call.open]
    print(
        f"{len(calls)} calls, {len(found.pages)} templates, {len(found.wrong)} wrong; values of unknown names: {', '.join(loose) or 'none'}"
    )
    return int(bool(found.wrong or result.errors or loose))


if __name__ == "__main__":
    sys.exit(main())
