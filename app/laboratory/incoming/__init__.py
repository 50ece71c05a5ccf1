"""Files that instruments sent by themselves: they wait here until someone says which sample they belong to."""
