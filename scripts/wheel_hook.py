"""Part of building the wheel: fetches the browser files and adds the bill of materials. hatchling calls it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WheelHook(BuildHookInterface):  # type: ignore[type-arg]
    """A wheel is never without its browser files. An editable install is: `make assets` follows it."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before the files are gathered."""
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        from scripts import assets, bill

        assets.main()  # does nothing where they are there, unaltered
        written = Path(self.root) / "build" / "mast-lims.cdx.json"
        written.parent.mkdir(exist_ok=True)
        written.write_text(bill.as_text(), encoding="utf-8")
        build_data["sbom_files"].append(str(written))
