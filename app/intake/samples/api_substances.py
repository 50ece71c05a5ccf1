"""The typeahead over the register: what may be meant by the words being typed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from app.intake.samples import substances
from app.platform.kernel.actor import Actor
from app.platform.security.policy import allow
from app.runtime import RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["substances"])

Anybody = Annotated[Actor, allow()]


@router.get("/substances")
def suggest_substances(
    who: Anybody,
    rt: RuntimeDep,
    q: Annotated[str, Query(max_length=120, description="Words as they are typed")] = "",
    limit: Annotated[int, Query(ge=1, le=50)] = 8,
) -> list[substances.Suggestion]:
    """Substances, classes and mixtures the words may mean, the likeliest first.

    `kind` is "ambiguous" where a street name means several substances of one class: choose the class.
    """
    return substances.suggest(rt.pack.substances, q, limit)
