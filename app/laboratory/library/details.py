"""What an entry says of itself besides its spectrum, as label and words for a screen. Pure."""

from __future__ import annotations

from spectra import LibraryEntry

_LABELS = (
    ("sampling", "Sampling"),
    ("sampling_as_stated", "Sampling, as stated"),
    ("instrument", "Instrument"),
    ("serial", "Serial number"),
    ("resolution_cm1", "Resolution / cm⁻¹"),
    ("state", "State"),
    ("recorded_as", "Recorded as"),
    ("processing", "Processing"),
    ("cas", "CAS number"),
    ("inchikey", "InChIKey"),
    ("inchikey_as_stated", "InChIKey in the file"),
    ("formula_as_stated", "Formula in the file"),
    ("cas_name", "CAS name"),
    ("names", "Other names"),
    ("class", "Class"),
    ("origin", "Origin"),
    ("owner", "Owner"),
    ("date", "Date"),
    ("file", "File"),
    ("remarks", "Remarks at import"),
)


def details_of(entry: LibraryEntry) -> tuple[tuple[str, str], ...]:
    """(label, words) of everything known; what is stated and what was made of it only where they differ."""
    meta = dict(entry.meta)
    for stated, kept in (("inchikey_as_stated", "inchikey"), ("formula_as_stated", "formula")):
        if meta.get(stated) == (entry.formula if kept == "formula" else meta.get(kept)):
            meta.pop(stated, None)
    return tuple((label, _words(meta[key])) for key, label in _LABELS if meta.get(key) not in (None, "", [], ()))


def _words(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value).replace("\n", "; ")
