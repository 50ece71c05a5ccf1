"""Drug-checking sessions at sites, with their licence mode."""
