"""What the tests of packs work out once."""

from tests.support import read_once

read_once.install()
