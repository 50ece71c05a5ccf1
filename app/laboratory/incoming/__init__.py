"""Files that instruments sent by themselves: they wait here until somebody says which sample they belong to."""
