"""What the methods say of an expected substance, apart from the answer, and the declared what-if.

Why apart: an isomer sold as another is the case a service exists for, so what was expected changes no probability. Imports the
standard library and `spectra.sample` only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

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
        name = scene.naming.name(compound)
        if State.SEEN in states or State.NOT_TOLD_APART in states:
            text = f"{name} was expected and was seen."
            if State.SEEN not in states:
                text = f"{name} was expected, and something that is not told apart from it was seen."
        elif State.NOT_SEEN in states:
            text = f"{name} was expected and was not seen, though it would have been."
        elif said:
            text = f"{name} was expected and could not have been seen."
        else:
            text = f"{name} was expected, and nothing was measured."
        out.append(Expected(compound, said, text))
    return tuple(out)


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
