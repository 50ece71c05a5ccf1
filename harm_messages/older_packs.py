"""What a pack lacks that was written, and perhaps signed, before dosing rows, families and fallbacks existed.

It comes from the shipped pack and stays outside the digest, so that signatures hold and the pack still opens; `check`
tells its clinicians what to look at. Imports this package only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from harm_messages.files import pack_files
from harm_messages.reading import read_yaml

NEW_TABLES = ("dosing.yaml", "families.yaml", "doses.yaml", "staff.yaml")
NEW_LABELS = ("because", "staff", "portions", "plurals")


def is_older(files: Mapping[str, str]) -> bool:
    """Whether a pack has none of the tables that decide about dosing."""
    return "pack.yaml" in files and not any(name in files for name in NEW_TABLES)


@lru_cache(maxsize=1)
def _shipped() -> Mapping[str, str]:
    return pack_files()


@lru_cache(maxsize=8)
def _shipped_table(name: str) -> Any:
    return read_yaml(_shipped()[name])


def borrowed_files(files: Mapping[str, str]) -> dict[str, str]:
    """The shipped tables and the texts they and the code name, where the older pack has none."""
    named = [*_shipped_table("pack.yaml")["fixed"].values()]
    named += [row["say"] for row in _shipped_table("dosing.yaml")["rows"] if row.get("say")]
    families = _shipped_table("families.yaml")
    named += [*families["together"].values(), *(row["message"] for row in families["fallbacks"].values())]
    named += [
        m for step in _shipped_table("emergency.yaml") if step["step"] == "signs" for m in step["fragments"].values()
    ]
    wanted = [*NEW_TABLES, *(f"messages/en/{one}.md" for one in dict.fromkeys(named))]
    return {name: _shipped()[name] for name in wanted if name not in files}


def with_fixed(manifest: Any) -> Any:
    """pack.yaml with the fixed messages that came later."""
    if not isinstance(manifest, dict) or not isinstance(manifest.get("fixed"), dict):
        return manifest
    known = _shipped_table("pack.yaml")["fixed"]
    own = {key: value for key, value in manifest["fixed"].items() if key in known}
    return {**manifest, "fixed": {**known, **own}}


def with_signs(steps: Any) -> Any:
    """emergency.yaml with the step of signs, and with what its short form holds."""
    if not isinstance(steps, list):
        return steps
    known = {step["step"]: step for step in _shipped_table("emergency.yaml")}
    own = [_with_short(step, known) for step in steps]
    return own if any(isinstance(s, dict) and s.get("step") == "signs" for s in own) else [known["signs"], *own]


def _with_short(step: Any, known: Mapping[str, Any]) -> Any:
    if not isinstance(step, dict) or "short" in step or step.get("step") not in known:
        return step
    return {**step, "short": known[step["step"]].get("short", [])}


def with_labels(labels: Any, locale: str) -> Any:
    """The short words with those that came later, in this language where the shipped pack has it."""
    if not isinstance(labels, dict):
        return labels
    name = f"labels/{locale}.yaml"
    shipped = _shipped_table(name if name in _shipped() else "labels/en.yaml")
    return {**_only(shipped, NEW_LABELS), **labels}


def _only(values: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    return {key: values[key] for key in keys if key in values}
