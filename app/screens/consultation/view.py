"""What the consultation's screen is given beside the client's page: short words for its chips, and what the client saw."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.care.consultations.client_view import ClientView
from app.care.consultations.domain import Intention
from app.care.consultations.service import ClientSaw
from app.platform.kernel.place import local

PLANS: dict[Intention, str] = {
    Intention.WILL_NOT_TAKE: "Not take it",
    Intention.DISPOSED_HERE_VERIFIED: "Hand it in",
    Intention.DISPOSED_SELF: "Get rid of it",
    Intention.TAKE_LESS: "Take less",
    Intention.TAKE_AS_PLANNED: "Take as planned",
    Intention.TAKE_MORE: "Take more",
    Intention.AVOID_MIXING: "Not mix",
    Intention.SPACE_OUT: "Space doses",
    Intention.TEST_DOSE_FIRST: "Test dose",
    Intention.ALERT_FRIENDS: "Tell friends",
    Intention.NOT_ALONE: "Not be alone",
    Intention.CARRY_NALOXONE: "Carry naloxone",
    Intention.ALERT_SELLER: "Tell the seller",
    Intention.SEEK_MEDICAL: "Get medical help",
    Intention.UNDECIDED: "Undecided",
    Intention.DECLINED: "Rather not say",
}
"""What people plan, as it stands on a chip under "What do they plan to do?"."""
MINUTES = (5, 10, 20, 30)
AT_HAND = 6
"""As many of the pack's short list as stand open; the rest is found by name."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to tick. `words` are what else people call it, for looking it up on the page."""

    id: str
    label: str
    words: str

    @property
    def chip(self) -> str:
        """The label without its article, what stands in brackets, and a second name: those are told to a screen reader."""
        short = re.sub(r"^an? ", "", self.label).split(" (")[0]
        return re.sub(r"^(\w+) or .*", r"\1", short)


def seen_line(saw: ClientSaw | None, view: ClientView) -> str:
    """Whether the client opened the ticket, and what changed on the page since."""
    if saw is None:
        return "The client has not opened this page." if view.page else ""
    at = f"{local(saw.at):%H:%M}"
    if saw.same:
        return f"The client opened this page at {at}."
    if saw.number == view.result_number and not view.under_review:
        return f"Changed since. The client saw another page at {at}."
    changed = f"Changed at {local(view.changed_at):%H:%M}." if view.changed_at else "Changed since."
    return f"{changed} The client saw version {saw.number} at {at}."
