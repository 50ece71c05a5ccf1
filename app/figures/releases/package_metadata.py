"""Machine-readable descriptions of a published dataset: Data Package, CSVW, CITATION.cff, DataCite. Pure.

Frictionless Data Package v1 (https://specs.frictionlessdata.io/data-package/), W3C CSVW (tabular-metadata, 2015),
Citation File Format 1.2.0 (doi:10.5281/zenodo.5171937), DataCite Metadata Schema 4.5 (doi:10.14454/g8e5-6293).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import JsonValue

Json = dict[str, JsonValue]
Cell = str | int | float | None
LICENCES: Mapping[str, tuple[str, str]] = {
    "CC-BY-4.0": ("Creative Commons Attribution 4.0 International", "https://creativecommons.org/licenses/by/4.0/"),
    "CC-BY-SA-4.0": (
        "Creative Commons Attribution-ShareAlike 4.0 International",
        "https://creativecommons.org/licenses/by-sa/4.0/",
    ),
    "CC-BY-NC-4.0": (
        "Creative Commons Attribution-NonCommercial 4.0 International",
        "https://creativecommons.org/licenses/by-nc/4.0/",
    ),
    "CC0-1.0": ("Creative Commons Zero 1.0 Universal", "https://creativecommons.org/publicdomain/zero/1.0/"),
    "OGL-UK-3.0": (
        "Open Government Licence v3.0",
        "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
    ),
}
"""By their SPDX names. Another name is printed as it is, without an address."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column: `type` is string, integer, number or boolean; an empty cell is a value nobody gives."""

    name: str
    type: str
    description: str
    enum: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    required: bool = False

    def schema(self) -> Json:
        """As a field of a Table Schema."""
        limits: Json = {"required": True} if self.required else {}
        limits |= {"enum": list(self.enum)} if self.enum else {}
        limits |= {"minimum": self.least} if self.least is not None else {}
        limits |= {"maximum": self.most} if self.most is not None else {}
        out: Json = {"name": self.name, "type": self.type, "description": self.description}
        return out | ({"constraints": limits} if limits else {})


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a dataset. `key`: the columns that name a row; `rows` in the order they are published."""

    name: str
    title: str
    description: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]

    @property
    def header(self) -> list[str]:
        """Names of the columns."""
        return [f.name for f in self.fields]

    @property
    def types(self) -> dict[str, str]:
        """Column → type."""
        return {f.name: f.type for f in self.fields}


@dataclass(frozen=True, slots=True)
class Dataset:
    """What stands on a release's cover. All of it is frozen with the release, so that it reads the same for ever."""

    id: str
    title: str
    description: str
    version: str
    audience: str
    creators: tuple[str, ...]
    publisher: str
    licence: str
    made_at: datetime
    months: tuple[str, str]
    regions: tuple[str, ...]
    limits: tuple[str, ...]
    software: str
    keywords: tuple[str, ...] = ("drug checking", "harm reduction", "illicit drugs", "aggregates")
    definitions: Mapping[str, str] = field(default_factory=dict)

    @property
    def day(self) -> str:
        """ISO 8601."""
        return self.made_at.date().isoformat()


@dataclass(frozen=True, slots=True)
class File:
    """A file of the dataset as it is described: path, bytes, sha-256."""

    path: str
    size: int
    sha256: str


def as_json(data: Json) -> bytes:
    """Always the same bytes: keys in the order they were given, two blanks, UTF-8, one end of line."""
    return (json.dumps(data, ensure_ascii=False, indent=2) + "\n").encode()


def licence_of(dataset: Dataset) -> dict[str, str]:
    """Name, title and address of the licence."""
    title, path = LICENCES.get(dataset.licence, (dataset.licence, ""))
    return {"name": dataset.licence, "title": title} | ({"path": path} if path else {})


def data_package(dataset: Dataset, described: Sequence[tuple[Table, Sequence[File]]]) -> Json:
    """datapackage.json: a tabular data package with the schema of every table. Its CSV comes first; Parquet is a twin."""
    contributors = [*((name, "author") for name in dataset.creators), (dataset.publisher, "publisher")]
    return {
        "profile": "data-package",
        "name": _slug(f"{dataset.id}-{dataset.audience}"),
        "id": dataset.id,
        "title": dataset.title,
        "description": dataset.description,
        "version": dataset.version,
        "created": dataset.made_at.isoformat(timespec="seconds"),
        "keywords": list(dataset.keywords),
        "licenses": [{**licence_of(dataset)}],
        "contributors": [{"title": name, "role": role} for name, role in contributors],
        "resources": [_resource(table, file) for table, files in described for file in files],
        "temporal": {"from": dataset.months[0], "to": dataset.months[1]},
        "spatial": list(dataset.regions),
        "definitions": dict(dataset.definitions),
        "limits": list(dataset.limits),
    }


def _resource(table: Table, file: File) -> Json:
    kind = file.path.rpartition(".")[2]
    csv = kind == "csv"
    out: Json = {
        "profile": "tabular-data-resource" if csv else "data-resource",
        "name": _slug(table.name if csv else f"{table.name}-{kind}"),
        "path": file.path,
        "title": table.title,
        "description": table.description,
        "format": kind,
        "mediatype": "text/csv" if csv else "application/vnd.apache.parquet",
        "bytes": file.size,
        "hash": f"sha256:{file.sha256}",
        "schema": {
            "fields": [f.schema() for f in table.fields],
            "missingValues": [""],
            "primaryKey": list(table.key),
        },
    }
    if csv:
        out["encoding"] = "utf-8"
        out["dialect"] = {
            "delimiter": ",",
            "lineTerminator": "\r\n",
            "quoteChar": '"',
            "doubleQuote": True,
            "header": True,
        }
    return out


def csvw(dataset: Dataset, tables: Sequence[Table]) -> Json:
    """csv-metadata.json: the same schema for tools of the W3C's CSV on the Web."""
    kinds = {"integer": "integer", "number": "decimal", "boolean": "boolean"}
    return {
        "@context": "http://www.w3.org/ns/csvw",
        "dc:title": dataset.title,
        "dc:identifier": dataset.id,
        "dc:license": licence_of(dataset).get("path", dataset.licence),
        "tables": [
            {
                "url": f"{table.name}.csv",
                "dc:title": table.title,
                "tableSchema": {
                    "columns": [
                        {
                            "name": f.name, "titles": f.name, "datatype": kinds.get(f.type, "string"), "null": "",
                            "dc:description": f.description,
                        }
                        for f in table.fields
                    ],
                    "primaryKey": list(table.key),
                },
            }
            for table in tables
        ],
    }  # fmt: skip


def citation(dataset: Dataset) -> str:
    """CITATION.cff. Strings are written as JSON, which YAML reads."""

    def text(value: str) -> str:
        return json.dumps(value, ensure_ascii=False)

    lines = [
        "cff-version: 1.2.0",
        "message: "
        + text("If you use these figures, cite the dataset with its release id and the definition of the figure."),
        "type: dataset",
        "title: " + text(dataset.title),
        "abstract: " + text(dataset.description),
        "authors:",
        *(f"  - name: {text(name)}" for name in dataset.creators),
        "version: " + text(dataset.version),
        "date-released: " + text(dataset.day),
        "license: " + text(dataset.licence),
        "identifiers:",
        "  - type: other",
        "    value: " + text(dataset.id),
        "    description: " + text("Release id in MAST; the dataset is made again from it byte for byte"),
        "keywords:",
        *(f"  - {text(word)}" for word in dataset.keywords),
    ]
    return "\n".join(lines) + "\n"


def data_cite(dataset: Dataset) -> Json:
    """datacite.json: what a repository asks for when it registers a DOI. There is none yet; the id is the release's."""
    licence = licence_of(dataset)
    return {
        "schemaVersion": "http://datacite.org/schema/kernel-4",
        "identifiers": [{"identifier": dataset.id, "identifierType": "MAST release id"}],
        "creators": [{"name": name, "nameType": "Organizational"} for name in dataset.creators],
        "titles": [{"title": dataset.title}],
        "publisher": {"name": dataset.publisher},
        "publicationYear": dataset.day[:4],
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Protected aggregates"},
        "version": dataset.version,
        "language": "en",
        "subjects": [{"subject": word} for word in dataset.keywords],
        "dates": [
            {"date": dataset.day, "dateType": "Issued"},
            {"date": "/".join(dataset.months), "dateType": "Collected"},
        ],
        "rightsList": [
            {"rights": licence["title"], "rightsIdentifier": licence["name"], "rightsUri": licence.get("path", "")}
        ],
        "descriptions": [
            {"description": dataset.description, "descriptionType": "Abstract"},
            {"description": " ".join(dataset.limits), "descriptionType": "Methods"},
        ],
        "geoLocations": [{"geoLocationPlace": region} for region in dataset.regions],
        "formats": ["text/csv"],
    }


def _slug(text: str) -> str:
    """Lower case, digits, - _ and . only, as a Data Package asks of names."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in text.lower()).strip("-.")
