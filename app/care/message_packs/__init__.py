"""Message packs in the database: edit, check, compare, sign by two, withdraw; and which pack is in force now."""
