"""The structure of an mzML file as the parser meets it: header, then one `Element` per spectrum and chromatogram.

Terms are kept by accession, never by name, and arrays stay encoded: the decoder has caps that no XML library has.
pyteomics is not used here: it needs three passes and an ontology, and reads a tenth as fast (docs/decisions).
Imports siblings and errors only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..errors import CorruptFile, UnsupportedVariant
from .mz_arrays import CURVES, WANTED, Encoded, most_characters
from .mzml_terms import MS_LEVEL, SELECTED_ION, Term, Terms, finite
from .peak_libraries import IONISATIONS
from .xml_guard import Target, XmlFile, whole

MAX_TERMS = 1_000  # of one element; the standard's examples have about 40
MAX_HEADER = 10_000  # parameter groups and instrument configurations
# Of the imaging ontology: external data; the two ways in which numbers may lie in the other file.
EXTERNAL = frozenset({"IMS:1000101", "IMS:1000030", "IMS:1000031"})
SERIAL_NUMBER, GENERIC_MODEL = "MS:1000529", "MS:1000031"
# Terms that stand beside the model of an instrument and are not its name.
NOT_A_MODEL = frozenset({SERIAL_NUMBER, "MS:1000032", "MS:1000236"})  # customization, transmission

NON_STANDARD = "MS:1000786"  # an array whose value says what it holds
_HEADER = frozenset(
    {
        "referenceableParamGroup",
        "instrumentConfiguration",
        "source",
        "analyzer",
        "detector",
        "software",
        "spectrumList",
        "chromatogramList",
        "run",
    }
)


@dataclass(slots=True)
class Element:
    """One spectrum or chromatogram: `terms` by accession (of a repeated one the first), its `arrays` encoded.

    Terms of a product ion have "product " before their accession. `two_levels` tells that its MS level stands there twice
    and differs, `several_ions` that its selected ion does.
    """

    tag: str
    id: str
    length: int
    terms: Terms = field(default_factory=dict)
    arrays: list[Encoded] = field(default_factory=list)
    two_levels: bool = False
    several_ions: bool = False

    def by_quantity(self, where: str) -> dict[str, Encoded]:
        """Its arrays by what they hold. Raises CorruptFile where two hold the same: nothing says which is meant."""
        found = {a.quantity: a for a in self.arrays}
        if len(found) < len(self.arrays):
            raise CorruptFile(f"The {where} holds two arrays of the same quantity.", code="array_count")
        return found


@dataclass(slots=True)
class Configuration:
    """One instrument configuration: its own terms and those of its ion source."""

    terms: Terms = field(default_factory=dict)
    source: Terms = field(default_factory=dict)


class Skeleton(Target):
    """Collects finished elements in `elements`; `declared` are the counts that the lists announce, `odd` counts what is not
    as the file says, by the code of its remark.

    `limit` is the most values of one array: text beyond what they can need is not kept.
    """

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit
        self.elements: list[Element] = []
        self.declared: dict[str, int] = {}
        self.run: dict[str, str] = {}
        self.software: list[str] = []
        self._groups: dict[str, Terms] = {}
        self._configurations: dict[str, Configuration] = {}
        self._configuration = Configuration()
        self._element: Element | None = None
        self._array: tuple[str | None, Terms] = (None, {})
        self._binary = ""
        self._encoded: str | None = None
        self._arrays_stated = self._arrays_held = 0
        self.odd: Counter[str] = Counter()
        self.beside: Counter[str] = Counter()  # arrays of spectra that are not read, by name
        self._index = -1  # of the spectrum before
        self._sink: Terms | None = None  # where terms go: the innermost element that collects them
        self._outer: list[tuple[str, Terms | None]] = []  # which element opened the sink, and the sink around it
        self._product = False

    def start(self, tag: str, attrib: Mapping[str, str]) -> None:
        """As in Target; terms are two of three elements and have no children, so they take a short way."""
        if tag.endswith("cvParam"):  # some writers leave out the namespace
            self._add(attrib)
        else:
            super().start(tag, attrib)

    def end(self, tag: str) -> None:
        """As in Target."""
        if not tag.endswith("cvParam"):
            super().end(tag)

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        """Open what collects terms or text."""
        if name == "binaryDataArray":
            self._array, self._binary = (attributes.get("arrayLength"), {}), ""
            self._encoded = attributes.get("encodedLength")
            self._arrays_held += 1
            self._open(name, self._array[1])
        elif name == "binaryDataArrayList":
            self._arrays_stated, self._arrays_held = whole(attributes.get("count"), f"The count of {name}", -1), 0
        elif name == "binary":
            self._begin_binary()
        elif name in ("spectrum", "chromatogram"):
            length = whole(attributes.get("defaultArrayLength"), "defaultArrayLength")
            self._element = Element(name, attributes.get("id", "")[:500], length)
            self._open(name, self._element.terms)
            if name == "spectrum" and "index" in attributes:
                self._check_index(attributes["index"])
        elif name == "referenceableParamGroupRef" and self._sink is not None:
            group = self._groups.get(attributes.get("ref", ""))
            self.odd["missing_group"] += group is None and len(self._groups) < MAX_HEADER
            for accession, term in (group or {}).items():
                self._sink.setdefault(accession, term)
        elif name == "product":
            self._product = True
        elif name in _HEADER:
            self._begin_header(name, attributes)

    def _open(self, name: str, sink: Terms) -> None:
        self._outer.append((name, self._sink))
        self._sink = sink

    def _check_index(self, text: str) -> None:
        """Spectra are numbered from 0; a part of a run may keep its numbers, but no number stands twice."""
        index = int(text) if text.isdecimal() and len(text) <= 18 else -1
        if index <= self._index:
            self.odd["spectrum_index"] += 1
        self._index = index

    def _begin_header(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "referenceableParamGroup" and len(self._groups) < MAX_HEADER:
            self._open(name, self._groups.setdefault(attributes.get("id", ""), {}))
        elif name == "instrumentConfiguration" and len(self._configurations) < MAX_HEADER:
            self._configuration = self._configurations.setdefault(attributes.get("id", ""), Configuration())
            self._open(name, self._configuration.terms)
        elif name == "source":
            self._open(name, self._configuration.source)
        elif name in ("analyzer", "detector"):  # their terms are not the instrument's
            self._open(name, {})
        elif name == "software" and len(self.software) < MAX_HEADER:
            self.software.append(f"{attributes.get('id', '')} {attributes.get('version', '')}".strip()[:120])
        elif name in ("spectrumList", "chromatogramList"):
            self.declared.setdefault(name, whole(attributes.get("count"), f"The count of {name}"))
        elif name == "run":
            self.run = {k: attributes.get(k, "")[:120] for k in ("startTimeStamp", "defaultInstrumentConfigurationRef")}

    def _add(self, attributes: Mapping[str, str]) -> None:
        sink = self._sink
        accession = attributes.get("accession", "")
        if accession in EXTERNAL:
            raise UnsupportedVariant(
                "This is imzML, whose numbers lie in a second file (.ibd); it is not read here.",
                code="unsupported_imzml",
                hint="Export the spectra themselves as mzML and upload that.",
            )
        if sink is None:
            return
        if self._product:
            accession = "product " + accession
        if accession not in sink and len(sink) < MAX_TERMS:
            get, unit = attributes.get, attributes.get("unitName", "")
            sink[accession] = Term(get("name", "")[:200], get("value", "")[:500], get("unitAccession") or unit, unit)
        elif accession == MS_LEVEL and self._element is not None and accession in sink:
            self._element.two_levels |= sink[accession].value != attributes.get("value", "")
        elif accession == SELECTED_ION and self._element is not None and accession in sink:
            self._element.several_ions |= sink[accession].number != finite(attributes.get("value", ""))

    def _begin_binary(self) -> None:
        """Only arrays that are read are kept, and no more text than their length can need."""
        if self._element is not None and not WANTED.isdisjoint(self._array[1]):
            length = whole(self._array[0], "arrayLength", self._element.length)
            self.collect(most_characters(min(length, self._limit)))

    def finish(self, name: str) -> None:
        """Hand over what is complete."""
        if name == "binary":
            self._binary = self.collected()
        elif name == "binaryDataArray" and self._element is not None:
            stated, terms = self._array
            quantity = next((a for a in terms if a in WANTED), "")
            if quantity:
                length = whole(stated, "arrayLength", self._element.length)
                stored = len(self._binary) - sum(map(self._binary.count, " \t\r\n"))
                if whole(self._encoded, "encodedLength", stored) not in (stored, len(self._binary)):
                    self.odd["encoded_length"] += 1
                self._element.arrays.append(Encoded(self._binary, terms, length, quantity))
                if quantity in CURVES and (doubts := terms[quantity].doubts(quantity)):
                    self.odd.update(doubts)
            elif self._element.tag == "spectrum":
                self._count_beside(terms)
        elif name in ("spectrum", "chromatogram") and self._element is not None:
            self.elements.append(self._element)
            self._element = None
        elif name == "binaryDataArrayList":
            self.odd["array_count"] += self._arrays_stated not in (-1, self._arrays_held)
        elif name == "product":
            self._product = False
        if self._outer and self._outer[-1][0] == name:
            self._sink = self._outer.pop()[1]

    def _count_beside(self, terms: Terms) -> None:
        """An array that is not read, by its name."""
        own = terms[NON_STANDARD].value if NON_STANDARD in terms else ""
        named = own or next((t.name for t in terms.values() if "array" in t.name), "array without a name")
        name = named[:60]
        if name in self.beside or len(self.beside) < MAX_TERMS:
            self.beside[name] += 1

    def configuration(self) -> Configuration:
        """The instrument configuration of the run, else the first one, else an empty one."""
        known = self._configurations
        named = known.get(self.run.get("defaultInstrumentConfigurationRef", ""))
        return named or next(iter(known.values()), Configuration())

    def instrument(self) -> str:
        """The model of the instrument, '' if the file names none."""
        terms = {a: t for a, t in self.configuration().terms.items() if a not in NOT_A_MODEL}
        generic = terms.pop(GENERIC_MODEL, None)
        model = next(iter(terms.values()), None)
        if model is not None:
            return model.name
        return (generic.value or generic.name) if generic is not None else ""

    def ionisation(self) -> str:
        """EI, CI, ESI … as the ion source says, '' if the file does not."""
        return next((IONISATIONS[a] for a in self.configuration().source if a in IONISATIONS), "")

    def about(self) -> dict[str, str]:
        """What the header says about the recording, under the keys that all readers share."""
        serial = self.configuration().terms.get(SERIAL_NUMBER)
        found = {
            "serial": serial.value if serial is not None else "",
            "acquired": self.run.get("startTimeStamp", ""),
            "software": ", ".join(self.software[:5]),
        }
        return {key: value for key, value in found.items() if value}


def elements(file: XmlFile, skeleton: Skeleton) -> Iterator[Element]:
    """Spectra and chromatograms in file order, one by one; no more than one piece of the file is in memory."""
    for _ in file.walk(skeleton):
        found, skeleton.elements = skeleton.elements, []
        yield from found
