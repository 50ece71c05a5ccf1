"""pyteomics' mzML parser, kept on a short leash: no index, no ontology, no network, arrays left encoded.

Imports pyteomics (and through it lxml and psims); nothing above `instruments`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree
from pyteomics import mzml, xml
from pyteomics.auxiliary import PyteomicsError, cvstr, unitfloat, unitint, unitstr
from pyteomics.auxiliary.psims_util import obo_cache

from ..errors import CorruptFile
from ..source import Source
from .mz_arrays import Encoded

if obo_cache is not None:
    obo_cache.use_remote = False  # psims would fetch the ontology over HTTP on first use

SERIAL_NUMBER = "MS:1000529"
# Terms that stand beside the model of an instrument and are not its name.
NOT_A_MODEL = frozenset(
    {
        "id",
        "componentList",
        "softwareRef",
        "softwareRefs",
        "scanSettingsRef",
        "customization",
        "instrument serial number",
        "name",
    }
)


class _NoOntology:
    """Stands in for the PSI-MS ontology, which we need for nothing: accessions come with the file."""

    name = ""
    relationship = ()

    def __getitem__(self, accession: str) -> _NoOntology:
        return self


class _Parser(mzml.MzML):  # type: ignore[misc]
    """MzML that keeps accessions and leaves every array encoded."""

    def _param_type(self, attribs: dict[str, str]) -> Any:
        """Without the class-wide cache of pyteomics, which a hostile file could grow without bound."""
        if attribs.get("accession") == SERIAL_NUMBER or attribs.get("type") == "xsd:string":
            return unitstr
        return {"xsd:int": unitint}.get(attribs.get("type", ""), unitfloat)

    def _get_info_smart(self, element: Any, **kw: Any) -> Any:
        if xml._local_name(element) == "binaryDataArrayList":
            return {
                "arrays": [
                    self._encoded(child)
                    for child in element.iterchildren()
                    if xml._local_name(child) == "binaryDataArray"
                ]
            }
        return super()._get_info_smart(element, **kw)

    def _encoded(self, element: Any) -> Encoded:
        accessions: set[str] = set()
        unit, text = "", ""
        for child in element.iterchildren():
            name = xml._local_name(child)
            if name == "cvParam":
                accessions.add(child.attrib.get("accession", ""))
                unit = child.attrib.get("unitAccession", unit) or unit
            elif name == "referenceableParamGroupRef":
                for param in self._handle_referenceable_param_group(child):
                    names = [param.name, *(param.value if isinstance(param.value, list) else [param.value])]
                    accessions |= {n.accession for n in names if isinstance(n, cvstr) and n.accession}
            elif name == "binary":
                text = child.text or ""
        length = element.attrib.get("arrayLength")
        return Encoded(text, frozenset(accessions), int(length) if length is not None else None, unit)


class Skeleton:
    """The elements of one mzML file as dictionaries; arrays as `Encoded` under the key "arrays".

    Every method may raise CorruptFile where the XML is not well-formed.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._configurations: list[dict[str, Any]] | None = None

    def spectra(self) -> Iterator[dict[str, Any]]:
        """All spectrum elements in order."""
        return self._elements("spectrum")

    def chromatograms(self) -> Iterator[dict[str, Any]]:
        """All chromatogram elements in order."""
        return self._elements("chromatogram")

    def _elements(self, tag: str) -> Iterator[dict[str, Any]]:
        try:
            parser = _Parser(
                self._source.open(),
                read_schema=False,
                iterative=True,
                use_index=False,
                huge_tree=False,
                decode_binary=False,
                cv=_NoOntology(),
            )
            yield from parser.iterfind(tag)
        except (etree.XMLSyntaxError, PyteomicsError, KeyError, AttributeError, TypeError, ValueError) as error:
            line = getattr(error, "lineno", None)
            raise CorruptFile(
                "The XML of this file is damaged or beyond what mzML needs.",
                code="bad_xml",
                line=line if isinstance(line, int) else None,
            ) from error

    def _instruments(self) -> list[dict[str, Any]]:
        if self._configurations is None:
            self._configurations = list(self._elements("instrumentConfiguration"))
        return self._configurations

    def instrument(self) -> str:
        """The model of the first instrument configuration, '' if the file names none."""
        for configuration in self._instruments():
            for key, value in configuration.items():
                if isinstance(key, cvstr) and str(key) not in NOT_A_MODEL and value in ("", None):
                    return str(key)
            name = configuration.get("name")
            if name:
                return str(name[0] if isinstance(name, list) else name)
        return ""

    def instrument_meta(self) -> dict[str, Any]:
        """Serial numbers, if the file has any."""
        serials = [str(c["instrument serial number"]) for c in self._instruments() if "instrument serial number" in c]
        return {"serial": serials[0]} if serials else {}
