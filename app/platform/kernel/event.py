"""What a use case tells of itself; app/reactions.py is the one table of what follows."""


class Event:
    """Parent of every event, so that none can be missing from the table unseen."""

    __slots__ = ()
