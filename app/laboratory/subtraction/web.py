"""What the routes of subtraction share: the parts of this process it works with."""

from __future__ import annotations

from app.laboratory.identification.substances import SubstanceIndex
from app.laboratory.readings import arrays
from app.laboratory.subtraction import service
from app.platform.kernel.actor import Actor
from app.runtime import Runtime


def desk_of(rt: Runtime, who: Actor) -> service.Desk:
    """The parts of this process a subtraction works with."""
    index = SubstanceIndex(rt.pack.substances)
    return service.Desk(arrays.array_store(rt.blobs.root), rt.registry.of(who.agency_id), index)
