"""What only a person can answer about a sample, and must before a release. No question changes a probability.

Imports the standard library and `spectra.sample` only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from spectra.sample.answer import Conflict, Question, SamplePart, State
from spectra.sample.states import Scene, percent

LARGE = 0.03
"""Share of infrared's signal from which EI would have shown a compound that it can see."""
DOUBT = 0.5


def questions_of(
    scene: Scene, parts: Sequence[SamplePart], conflict: Conflict | None, none_of_these: float | None
) -> tuple[Question, ...]:
    """All questions in a fixed order."""
    out = [*_contradiction(conflict), *_only_infrared(scene, parts), *_alarms(scene), *_none(scene, none_of_these)]
    return tuple(out)


def _contradiction(conflict: Conflict | None) -> Iterable[Question]:
    if conflict is not None and conflict.figure >= conflict.asked_at:
        yield _question("one_sample", f"{conflict.sentence} Are they of one sample?", (), conflict.readings)


def _only_infrared(scene: Scene, parts: Sequence[SamplePart]) -> Iterable[Question]:
    """A name infrared alone gives that EI has a reference for, is not blind to and does not list."""
    whole = [w for w in scene.heard.mass if w.whole]
    for part in parts:
        mass = [part.support[w.method] for w in whole if w.method in part.support]
        seen = [part.support[w.method] for w in scene.heard.infrared if w.method in part.support]
        missed = any(s.state is State.NOT_SEEN for s in mass)
        large = any(s.state is State.SEEN and (s.share or 0.0) >= LARGE for s in seen)
        instead = " and ".join(map(scene.naming.name, scene.instead.get(part.compound, ())))
        if missed and (large or instead):
            text = (
                f"Infrared gives {part.name}, and EI does not list it though it has a reference. It may be lost in the inlet, or the name "
                "is wrong. Does the name stand?"
            )
            if instead:
                text = (
                    f"Infrared gives {part.name}, and EI gives {instead} in its place, for ions that {part.name} has as well. "
                    "Does the name stand?"
                )
            readings = tuple(key for s in (*mass, *seen) for key in s.readings)
            yield _question("ei_does_not_list", text, (part.compound,), readings)


def _alarms(scene: Scene) -> Iterable[Question]:
    for word in scene.heard.infrared:
        if word.alarm:
            text = (
                "Infrared leaves something unexplained that its library does not hold. What else can be in the sample?"
            )
            yield _question("infrared_unexplained", text, (), (word.key,))
    for mass in scene.heard.mass:
        for key, explanation in mass.explanations.items():
            if explanation.incomplete and mass.outside is not None and mass.outside >= DOUBT:
                text = "EI leaves something unexplained that its library does not hold. What else can be in the sample?"
                yield _question("ei_unexplained", text, (), (key,))


def _none(scene: Scene, none_of_these: float | None) -> Iterable[Question]:
    if none_of_these is not None and none_of_these >= DOUBT:
        heard = scene.heard
        keys = (*(w.key for w in heard.mass + heard.accurate), *(w.key for w in heard.infrared))
        text = f"With a probability of {percent(none_of_these)} it is none of these names. Can it be something new?"
        yield _question("none_of_these", text, (), keys)


def _question(code: str, text: str, compounds: tuple[str, ...], readings: tuple[str, ...]) -> Question:
    """A question whose key stays the same for the same compounds and readings."""
    words = "|".join([code, *sorted(compounds), *sorted(readings)])
    return Question(f"{code}-{hashlib.sha256(words.encode()).hexdigest()[:12]}", code, text, compounds, readings)
