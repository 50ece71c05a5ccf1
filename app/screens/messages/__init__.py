"""Message packs: reading, drafting, checking and signing."""
