"""What the tests stand on: servers, clocks, finders. Imported as `tests.support` (pythonpath is the checkout)."""
