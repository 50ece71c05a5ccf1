"""What a chemist may correct about a reading, and how that is said: axes, decimal mark, separator.

A correction is a set of hints for the reader (`instruments.read`), never a change of numbers. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from app.laboratory.identification.ranking import compared_as

Hints = dict[str, str]

X_AXES: dict[str, tuple[str, Hints]] = {
    "cm-1": ("Wavenumber, cm⁻¹ (infrared)", {"x_unit": "cm-1", "kind": "ir"}),
    "raman": ("Raman shift, cm⁻¹", {"x_unit": "cm-1", "kind": "raman"}),
    "nm-ir": ("Wavelength, nm (infrared)", {"x_unit": "nm", "kind": "ir"}),
    "um": ("Wavelength, µm (infrared)", {"x_unit": "um", "kind": "ir"}),
    "nm-uv": ("Wavelength, nm (UV or visible)", {"x_unit": "nm", "kind": "uv"}),
    "mz": ("m/z (a mass spectrum)", {"x_unit": "m/z", "kind": "mass_spectrum"}),
    "min": ("Time, min (a chromatogram)", {"x_unit": "min", "kind": "chromatogram"}),
    "s": ("Time, s (a chromatogram)", {"x_unit": "s", "kind": "chromatogram"}),
}
"""Choice → words and hints. An axis without its technique would leave that to be guessed."""

Y_AXES: dict[str, str] = {
    "absorbance": "Absorbance",
    "transmittance": "Transmittance, 0 to 1",
    "transmittance (%)": "Transmittance, %",
    "reflectance": "Reflectance, 0 to 1",
    "reflectance (%)": "Reflectance, %",
    "log(1/R)": "log(1/R)",
    "kubelka-munk": "Kubelka–Munk",
    "diffuse reflectance (%)": "Diffuse reflectance, %",
    "inverted absorbance (%)": "Absorbance turned over, 100 (1 − A/Amax)",
    "single beam": "Single beam",
    "counts": "Counts",
    "intensity": "Intensity",
}
TIMES = {"min": "Minutes", "s": "Seconds"}
"""Of a run the reader turns into seconds itself: in what the file has them."""
DECIMALS = {".": "Point", ",": "Comma"}
DELIMITERS = {",": "Comma", ";": "Semicolon", "tab": "Tab", "space": "Blanks", "|": "Bar"}
TAB = "\t"  # forms and JSON trim it away, so it travels as a word

_AS_IT_IS = "="  # a hint that came another way (an answer, the API) and is no choice here; it stays
_CURVES = frozenset({"ir", "raman", "uv", "chromatogram", "other"})
_FIXED = frozenset({"msp", "mgf", "massbank", "mzml", "mzxml", "andi-ms"})
"""Formats that say by themselves what their axes are; at most the unit of their times may be missing."""
_TYPED = frozenset({"text", "agilent-asp"})
_MAY_BE_NO_MASS = frozenset({"text", "jcamp", "spc"})

_TIME_GUESSED = "time_unit_guessed"
_X_GUESSED = frozenset({"axis_guessed", "unit_unknown", "time_unit_assumed", "looks_like_chromatogram", _TIME_GUESSED})
_Y_GUESSED = frozenset({"ordinate_unknown", "ordinate_scale", "y_unit_unknown"})
_KIND_GUESSED = frozenset({"technique_guessed", "kind_guessed", "no_data_type"})
_X_DOUBTED = frozenset({"looks_like_wavelength", "looks_like_wavenumber", "looks_like_seconds"})
_Y_DOUBTED = frozenset({
    "looks_like_absorbance", "looks_like_transmittance", "looks_like_inverted", "implausible_absorbance",
    "implausible_transmittance",
})  # fmt: skip
_NOT_SAID = "the file does not say"
_SAID_TWICE = "the file says two things, see the warning"
_DOUBTED = "the values do not look like it, see the warning"

_AS_ABSORBANCE = "compared as if it were absorbance"

_X_WORDS = {
    ("cm-1", "ir"): "wavenumber in cm⁻¹", ("cm-1", "raman"): "Raman shift in cm⁻¹", ("nm", "ir"): "infrared in nm",
    ("um", "ir"): "infrared in µm", ("nm", "uv"): "UV in nm",
}  # fmt: skip
_KINDS = {"ir": "infrared spectrum", "raman": "Raman spectrum", "uv": "UV spectrum", "other": "curve"}
_UNITS = {"cm-1": "cm⁻¹", "um": "µm"}


@dataclass(frozen=True, slots=True)
class Field:
    """One choice of the form. `value` is what is said now, "" for as the file says."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    value: str


@dataclass(frozen=True, slots=True)
class AxisInterpretation:
    """One thing the reader took the file to be: `value` in words, and a note where the file does not say it."""

    label: str
    value: str
    note: str = ""


def fields_for(
    kind: str, reading_format: str, hints: Mapping[str, str], codes: Collection[str] = ()
) -> tuple[Field, ...]:
    """The choices that can apply to a reading with remarks of these codes.

    Where the format fixes its axes there is none, but the unit of times it does not give.
    """
    if _has_times(kind, reading_format):
        asks = _TIME_GUESSED in codes or hints.get("x_unit") in TIMES
        return (_field("time_unit", "Times in the file", TIMES, _chosen(hints, "x_unit", TIMES)),) if asks else ()
    out = []
    if kind in _CURVES or (kind == "mass_spectrum" and reading_format in _MAY_BE_NO_MASS):
        axes = [k for k in X_AXES if k != "mz" or reading_format in _MAY_BE_NO_MASS]
        given = {key: hints[key] for key in ("x_unit", "kind") if hints.get(key)}
        chosen = next((name for name, (_, meant) in X_AXES.items() if meant == given), _AS_IT_IS) if given else ""
        out.append(_field("x_axis", "x axis", {k: X_AXES[k][0] for k in axes}, chosen))
        out.append(_field("y_axis", "y axis", Y_AXES, _chosen(hints, "y_unit", Y_AXES)))
    if reading_format in _TYPED:
        out.append(_field("decimal", "Decimal mark", DECIMALS, _chosen(hints, "decimal", DECIMALS)))
    if reading_format == "text":
        out.append(_field("delimiter", "Between columns", DELIMITERS, _chosen(hints, "delimiter", DELIMITERS)))
    return tuple(out)


def _has_times(kind: str, reading_format: str) -> bool:
    """A run, or what only a unit of time can be missing of."""
    return kind == "mass_run" or reading_format in _FIXED


def _field(name: str, label: str, options: Mapping[str, str], value: str) -> Field:
    offered = list(options.items())
    if value == _AS_IT_IS:
        offered.append((_AS_IT_IS, "As said before"))
    return Field(name, label, tuple(offered), value)


def _chosen(hints: Mapping[str, str], key: str, options: Mapping[str, str]) -> str:
    value = "tab" if hints.get(key) == TAB else hints.get(key, "")
    return value if not value or value in options else _AS_IT_IS


def hints_of(
    x_axis: str | None, y_axis: str | None, decimal: str | None, delimiter: str | None, time_unit: str | None = None
) -> Hints:
    """Hints a filled form means: "" takes a hint back, None (not offered) and "as said before" leave it as it is.

    Raises KeyError for a value that is no choice.
    """
    out: Hints = {}
    if x_axis is not None and x_axis != _AS_IT_IS:
        out |= {"x_unit": "", "kind": ""} if not x_axis else X_AXES[x_axis][1]
    for key, value, options in (
        ("y_unit", y_axis, Y_AXES), ("decimal", decimal, DECIMALS), ("delimiter", delimiter, DELIMITERS),
        ("x_unit", time_unit, TIMES),
    ):  # fmt: skip
        if value is None or value == _AS_IT_IS:
            continue
        if value and value not in options:
            raise KeyError(value)
        out[key] = value
    return out


def words_of(hints: Mapping[str, str]) -> str:
    """What was said, as a phrase: `x axis Raman shift in cm⁻¹, decimal mark comma`."""
    out = []
    x_unit, kind = hints.get("x_unit", ""), hints.get("kind", "")
    if x_unit in TIMES and not kind:
        out.append(f"times in {TIMES[x_unit].lower()}")
    elif x_unit:
        out.append("x axis " + _X_WORDS.get((x_unit, kind), _UNITS.get(x_unit, x_unit)))
    if kind and (x_unit, kind) not in _X_WORDS:
        out.append(f"a {kind.replace('_', ' ')}" if x_unit else f"kind {kind.replace('_', ' ')}")
    if hints.get("y_unit"):
        out.append("y axis " + hints["y_unit"])
    if hints.get("decimal"):
        out.append("decimal mark " + DECIMALS.get(hints["decimal"], hints["decimal"]).lower())
    if hints.get("delimiter"):
        mark = "tab" if hints["delimiter"] == TAB else hints["delimiter"]
        out.append("between columns " + DELIMITERS.get(mark, mark).lower())
    if hints.get("format"):
        out.append("format " + hints["format"])
    return ", ".join(out)


def not_taken(hints: Mapping[str, str], x_unit: str, y_unit: str, kind: str, reading_format: str) -> str:
    """What was said but is not so in the reading: the reader of its format does not take it."""
    left = {
        key: hints[key] for key, found in (("x_unit", x_unit), ("kind", kind)) if hints.get(key) and hints[key] != found
    }
    if left.get("x_unit") in TIMES and x_unit in TIMES and _has_times(kind, reading_format):
        del left["x_unit"]  # said of the file; the reading has them in its own unit
    said = hints.get("y_unit", "")
    if said and said.removesuffix(" (%)") != y_unit.removesuffix(" (%)"):  # the scale follows from the values
        left["y_unit"] = said
    return words_of(left)


def taken_as(
    kind: str, x_unit: str, y_unit: str, remarks: Sequence[Mapping[str, str]]
) -> tuple[AxisInterpretation, AxisInterpretation, AxisInterpretation]:
    """Technique, x axis and y axis of a reading, each with a note where the reader had to guess."""
    codes = codes_of(remarks)
    twice = " ".join(str(remark.get("text", "")) for remark in remarks if remark.get("code") == "unit_conflict")
    y = _said("y axis", y_unit, guessed=bool(codes & _Y_GUESSED), twice="y axis" in twice,
              doubted=bool(codes & _Y_DOUBTED))  # fmt: skip
    if compared_as(kind, y_unit):
        y = replace(y, note="; ".join(filter(None, (y.note, _AS_ABSORBANCE))))
    return (
        _said("Kind", _KINDS.get(kind, kind.replace("_", " ")), guessed=bool(codes & _KIND_GUESSED)),
        _said(
            "x axis",
            _UNITS.get(x_unit, x_unit),
            guessed=bool(codes & _X_GUESSED),
            twice="x axis" in twice,
            doubted=bool(codes & _X_DOUBTED),
        ),
        y,
    )


def codes_of(remarks: Sequence[Mapping[str, str]]) -> frozenset[str]:
    """Codes of the remarks of a reading."""
    return frozenset(str(remark.get("code", "")) for remark in remarks)


def _said(label: str, value: str, *, guessed: bool, twice: bool = False, doubted: bool = False) -> AxisInterpretation:
    if not value:
        return AxisInterpretation(label, "not known", _NOT_SAID)
    notes = ((_SAID_TWICE, twice), (_NOT_SAID, guessed), (_DOUBTED, doubted))
    note = next((words for words, applies in notes if applies), "")
    return AxisInterpretation(label, f"taken as {value}" if note else value, note)
