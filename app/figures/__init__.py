"""An annexe: trends, releases, extracts, history and reports of sessions."""
