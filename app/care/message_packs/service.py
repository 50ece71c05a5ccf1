"""The doors of message packs for pages, the API and other features. The use cases stand in the modules below.

drafting: begin and edit · signing: review and signatures · withdrawing · reading: what is there · provider: in force.
"""

from __future__ import annotations

from app.care.message_packs.checking import Checked, Checks, digest_of
from app.care.message_packs.domain import RULE_OF_SIGNING, STATE_WORDS, PackState, Target
from app.care.message_packs.drafting import (
    MessageForm,
    begin,
    from_files,
    message_text,
    save_file,
    save_message,
    set_aside,
)
from app.care.message_packs.provider import Packs
from app.care.message_packs.reading import (
    VersionView,
    files_of,
    get_version,
    in_force_view,
    numbered,
    parent_of,
    view_of,
    views_page,
)
from app.care.message_packs.signing import Ready, as_signed, gathered, prepared, send_back, sign, submit
from app.care.message_packs.withdrawing import may_be_withdrawn, withdraw

__all__ = [
    "RULE_OF_SIGNING",
    "STATE_WORDS",
    "Checked",
    "Checks",
    "MessageForm",
    "PackState",
    "Packs",
    "Ready",
    "Target",
    "VersionView",
    "as_signed",
    "begin",
    "digest_of",
    "files_of",
    "from_files",
    "gathered",
    "get_version",
    "in_force_view",
    "may_be_withdrawn",
    "message_text",
    "numbered",
    "parent_of",
    "prepared",
    "save_file",
    "save_message",
    "send_back",
    "set_aside",
    "sign",
    "submit",
    "view_of",
    "views_page",
    "withdraw",
]
