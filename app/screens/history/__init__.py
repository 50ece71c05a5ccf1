"""Another service's history on its way in."""
