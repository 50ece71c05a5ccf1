"""A message pack with something to take that nobody could mean by accident, dangerous with MDMA like an MAOI.

`python -c "from tests.support.planted import serve; serve()" demo` is `mast` with that pack.
"""

from __future__ import annotations

from dataclasses import replace

import harm_messages
from harm_messages import Pack
from harm_messages.content import CoUse

SENTINEL = "wychwood-tonic-7b1e"


def planted(pack: Pack) -> Pack:
    """The pack with the sentinel among what a person may say they also take."""
    maoi = pack.groups["maoi"]
    return replace(
        pack,
        co_use={**pack.co_use, SENTINEL: CoUse(id=SENTINEL, label=SENTINEL)},
        groups={**pack.groups, "maoi": maoi.model_copy(update={"co_use": (*maoi.co_use, SENTINEL)})},
    )


def serve() -> None:
    """The command line, where everything that loads the shipped pack gets the planted one."""
    load = harm_messages.load_pack
    harm_messages.load_pack = lambda source=None: planted(load(source)) if source is None else load(source)
    from app.cli import main  # only now: it takes load_pack by its name

    main()
