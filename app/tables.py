"""Imports every tables.py of app once, so that metadata is complete for migrations, tests and foreign keys. Holds nothing itself."""

from importlib import import_module
from pathlib import Path

_APP = Path(__file__).parent
for _file in sorted(_APP.glob("*/**/tables.py")):
    import_module(".".join((_APP.name, *_file.relative_to(_APP).with_suffix("").parts)))
