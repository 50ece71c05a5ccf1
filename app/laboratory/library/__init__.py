"""Reference libraries and the substance register."""
