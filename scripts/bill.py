"""What MAST ships of others: a CycloneDX bill of materials from the two lock files, and the part of requirements.lock that is shipped.

`python scripts/bill.py` prints the bill; the wheel carries it (scripts/wheel_hook.py).
`python scripts/bill.py --requirements` prints the locked lines an image runs with, for `pip install --require-hashes`;
names after it (`--requirements hatchling`) stand for what these need instead.

Only the standard library is used, so that a build needs nothing more. The same lock files give the same bytes.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)] if str(ROOT) not in sys.path else []

from scripts import assets  # noqa: E402

EXTRAS = ("vendor", "parquet", "fast", "passkeys", "oidc", "sealed")
"""Optional parts a service may run with; the others are for those who develop MAST."""
IMAGE = ("passkeys", "oidc", "sealed")
"""Those an image has: signing in as hospitals do, and backups that are sealed."""
OWN = "mast-lims"


@dataclass(frozen=True, slots=True)
class Locked:
    """One pinned release of requirements.lock. There may be several of a package, each with a marker of its own."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    wanted_by: frozenset[str]
    text: str

    @property
    def purl(self) -> str:
        """Its address in the terms of package URLs."""
        return f"pkg:pypi/{self.name}@{self.version}"


def plain(name: str) -> str:
    """The name of a distribution as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def project() -> dict[str, Any]:
    """The table `project` of pyproject.toml."""
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return found


def locked() -> list[Locked]:
    """Every pinned release, in the order of the lock file."""
    blocks = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / "requirements.lock").read_text("utf-8").strip())
    return [_release(block) for block in blocks]


def _release(block: str) -> Locked:
    first = block.split("\n", 1)[0].rstrip("\\ ")
    requirement, _, marker = first.partition(" ; ")
    name, _, version = requirement.partition("==")
    said = re.search(r"# via(.*)", block, re.DOTALL)
    by = re.findall(r"[A-Za-z][\w.-]*(?=$| \()", said[1].replace("#", ""), re.MULTILINE) if said else []
    hashes = tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})", block))
    return Locked(plain(name), version, marker.strip(), hashes, frozenset(map(plain, by)), block)


def needed_by(names: Iterable[str], lock: list[Locked]) -> set[str]:
    """These packages and all that they need, by what the lock says who wants whom."""
    found = {plain(re.match(r"[\w.-]+", name)[0]) for name in names}  # type: ignore[index]
    while more := {one.name for one in lock if one.wanted_by & found} - found:
        found |= more
    return found & {one.name for one in lock}


def bill() -> dict[str, Any]:
    """The bill of materials, as CycloneDX 1.6 wants it."""
    lock, about = locked(), project()
    always = needed_by(about["dependencies"], lock)
    optional = needed_by((name for extra in EXTRAS for name in about["optional-dependencies"][extra]), lock) - always
    shipped = [one for one in lock if one.name in always | optional]
    licences = tomllib.loads((ROOT / "scripts" / "licences.toml").read_text("utf-8"))
    python = [_python_component(one, licences[one.name], optional=one.name in optional) for one in shipped]
    browser = _browser_components()
    own = f"pkg:pypi/{OWN}@{about['version']}"
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": OWN,
                "version": about["version"],
                "description": about["description"],
                "licenses": [{"expression": about["license"]}],
                "purl": own,
            }
        },
        "components": python + browser,
        "dependencies": [
            {"ref": own, "dependsOn": _refs(OWN, shipped) + [one["bom-ref"] for one in browser]},
            *({"ref": one.purl, "dependsOn": _refs(one.name, shipped)} for one in shipped),
            *({"ref": one["bom-ref"], "dependsOn": []} for one in browser),
        ],
    }


def _refs(name: str, shipped: list[Locked]) -> list[str]:
    return [one.purl for one in shipped if name in one.wanted_by]


def _python_component(one: Locked, licence: str, *, optional: bool) -> dict[str, Any]:
    made = {
        "type": "library",
        "bom-ref": one.purl,
        "name": one.name,
        "version": one.version,
        "scope": "optional" if optional else "required",
        "hashes": [{"alg": "SHA-256", "content": value} for value in one.hashes],
        "licenses": [{"expression": licence}],
        "purl": one.purl,
    }
    if one.marker:
        made["properties"] = [{"name": "python:marker", "value": one.marker}]
    return made


def _browser_components() -> list[dict[str, Any]]:
    """The npm packages some of whose files are served, each with these files."""
    packages = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    manifest = json.loads(assets.MANIFEST.read_text("utf-8"))["files"]
    found = []
    for name in sorted({package for package, _, _ in assets.FILES}):
        entry = packages[f"node_modules/{name}"]
        purl = f"pkg:npm/{name.replace('@', '%40')}@{entry['version']}"
        algorithm, _, digest = entry["integrity"].partition("-")
        found.append(
            {
                "type": "library",
                "bom-ref": purl,
                "name": name,
                "version": entry["version"],
                "scope": "required",
                "hashes": [{"alg": f"SHA-{algorithm[3:]}", "content": base64.b64decode(digest).hex()}],
                "licenses": [{"expression": SPDX.get(entry["license"], entry["license"])}],
                "purl": purl,
                "components": [_file(one) for one in manifest if one["name"] == name],
            }
        )
    return found


SPDX = {"BSD-0-Clause": "0BSD"}
"""What packages call a licence, where SPDX calls it otherwise."""


def _file(entry: dict[str, str]) -> dict[str, Any]:
    path = f"app/static/vendor/{entry['file']}"
    return {
        "type": "file",
        "bom-ref": path,
        "name": path,
        "hashes": [{"alg": "SHA-256", "content": entry["sha256"]}],
    }


def requirements(names: Iterable[str] = ()) -> str:
    """The lines of the lock that an image runs with, or that these packages and theirs need."""
    lock, about = locked(), project()
    always = [*about["dependencies"], *(name for extra in IMAGE for name in about["optional-dependencies"][extra])]
    wanted = needed_by(list(names) or always, lock)
    return "\n".join(one.text for one in lock if one.name in wanted) + "\n"


def as_text() -> str:
    """The bill as it is written."""
    return json.dumps(bill(), indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.write(requirements(sys.argv[2:]) if sys.argv[1:2] == ["--requirements"] else as_text())
