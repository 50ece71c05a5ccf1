"""The report of one session: counted for its own lead, and a version of it that may be passed on."""
