"""What the methods say of an expected substance, apart from the answer, and the declared what-if.

Why apart: an isomer sold as another is the case a service exists for, so what was expected changes no probability. Imports the
standard library, `spectra.sample` and the words of a limit only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from spectra.infrared.sentences import limit_percent
from spectra.sample.answer import Expected, SamplePart, SampleSettings, State
from spectra.sample.naming import Naming
from spectra.sample.states import Scene, support


def expected_of(scene: Scene, compounds: Sequence[str]) -> tuple[Expected, ...]:
    """One block per expected substance, in the order asked."""
    out = []
    for asked in dict.fromkeys(compounds):
        compound = scene.naming.of(asked)
        said = support(scene, compound)
        states = {row.state for row in said.values()}
        name, least = scene.naming.name(compound), _least(scene, compound)
        if State.SEEN in states:
            text = f"{name} was expected and was seen."
        elif State.NOT_TOLD_APART in states:
            text = f"{name} was expected, and something that is not told apart from it was seen."
        elif least is not None:
            method, limit = least
            text = f"{name} was expected and was not seen. {method} would show it above {limit_percent(limit)} of the signal."
        elif State.NOT_SEEN in states:
            text = f"{name} was expected and was not seen. A small amount of it would not show."
        elif any(row.state is not State.NOT_TESTED for row in said.values()):
            text = f"{name} was expected and could not have been seen."
        else:
            text = f"{name} was expected, and nothing that counts was measured."
        out.append(Expected(compound, said, text))
    return tuple(out)


def _least(scene: Scene, compound: str) -> tuple[str, float] | None:
    """The method that would have seen the least of a compound that none shows, and the share it takes."""
    heard, naming, found = scene.heard, scene.naming, []
    for mass in heard.mass:
        limit = mass.limits.get(naming.seen_as(mass.method, compound))
        if mass.whole and limit is not None and not naming.blind(mass.method, compound):
            found.append((limit, "EI"))
    for infrared in heard.infrared:
        said = infrared.limits.get(compound)
        if said is not None and said.seen is False and not naming.blind(infrared.method, compound):
            found.append((said.limit, "Infrared"))
    return min(((method, limit) for limit, method in found), key=lambda row: row[1], default=None)


def what_if_of(
    asked: SampleSettings, parts: Sequence[SamplePart], first: Callable[[Mapping[str, float]], str], naming: Naming
) -> str:
    """The declared what-if in words: the first name with every expected compound so many times as likely beforehand."""
    if asked.what_if is None or not asked.expected or not parts:
        return ""
    weights = {naming.of(c): math.log(max(asked.what_if, 1e-6)) for c in asked.expected}
    now = first(weights)
    names = ", ".join(naming.name(c) for c in weights)
    same = "would stay" if now == parts[0].compound else "would be"
    return f"With {names} {asked.what_if:g} times as likely beforehand, the first name {same} {naming.name(now)}."
