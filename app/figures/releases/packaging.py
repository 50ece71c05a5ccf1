"""A published dataset as one zip that is the same, byte for byte, whenever it is made again. Pure.

Members are sorted, have one fixed time and are stored uncompressed: compressors of two machines differ, and the way to
the reader compresses anyway. Parquet is added on request only, because its bytes change with the version of pyarrow.

It is described for machines by Frictionless Data Package v1 (https://specs.frictionlessdata.io/data-package/), W3C CSVW
(tabular-metadata, 2015), Citation File Format 1.2.0 (doi:10.5281/zenodo.5171937) and DataCite Metadata Schema 4.5
(doi:10.14454/g8e5-6293).
"""

from __future__ import annotations

import hashlib
import io
import json
import textwrap
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from pydantic import JsonValue

from app.figures.trends.csv import csv_of, parquet_of

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold: the day of a release stands inside, not on its members."""
WIDTH = 96


def package(dataset: Dataset, tables: Sequence[Table], *, parquet: bool = False) -> bytes:
    """The zip. Raises Invalid where Parquet is asked for and cannot be written here."""
    files: dict[str, bytes] = {}
    described: list[tuple[Table, list[File]]] = []
    for table in tables:
        made = {f"{table.name}.csv": csv_of([table.header, *table.rows])}
        if parquet:
            made[f"{table.name}.parquet"] = parquet_of(
                table.header, table.rows, table.types, {"release": dataset.id, "audience": dataset.audience}
            )
        files |= made
        told = [File(path, len(content), hashlib.sha256(content).hexdigest()) for path, content in made.items()]
        described.append((table, told))
    files["datapackage.json"] = as_json(data_package(dataset, described))
    files["csv-metadata.json"] = as_json(csvw(dataset, tables))
    files["datacite.json"] = as_json(data_cite(dataset))
    files["CITATION.cff"] = citation(dataset).encode()
    files["README.txt"] = "".join(f"{line}\n" for line in _readme(dataset, tables)).encode()
    sums = (f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files))
    files["SHA256SUMS"] = "".join(sums).encode()  # as `sha256sum -c` reads it
    return _zipped(file_name(dataset), files)


def file_name(dataset: Dataset) -> str:
    """Of the folder inside, and of the zip without its end."""
    return f"mast-release-{dataset.version}-{dataset.audience}"


def _zipped(folder: str, files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(files):
            member = zipfile.ZipInfo(f"{folder}/{path}", EPOCH)
            member.create_system = 3  # or the byte says which kind of machine made it
            member.external_attr = 0o644 << 16
            archive.writestr(member, files[path])
    return out.getvalue()


def _readme(dataset: Dataset, tables: Sequence[Table]) -> Iterator[str]:
    """What a person reads first: what it is, how figures are defined, what they cannot say, the columns."""
    licence = licence_of(dataset)
    yield from (dataset.title, "=" * len(dataset.title), "")
    yield from (*_wrapped(dataset.description), "")
    yield f"Release   {dataset.id}"
    yield f"Version   {dataset.version}, {dataset.day}"
    yield f"Audience  {dataset.audience}"
    yield f"Months    {dataset.months[0]} to {dataset.months[1]}"
    yield f"Licence   {licence['name']}: {licence['title']}"
    if "path" in licence:
        yield f"          {licence['path']}"
    yield f"Made by   {', '.join(dataset.creators)}, with {dataset.software}"
    yield from ("", "Cite as", "-------")
    yield from _wrapped(
        f"{'; '.join(dataset.creators)} ({dataset.day[:4]}). {dataset.title} (version {dataset.version}) [data set]. "
        f"{dataset.publisher}. Release {dataset.id}."
    )
    yield from ("", "What the figures are", "--------------------")
    for name, words in dataset.definitions.items():
        yield from _wrapped(f"{name}: {words}", "  ")
    yield from ("", "What they cannot say", "--------------------")
    for limit in dataset.limits:
        yield from _wrapped(f"- {limit}", "  ")
    yield from ("", "Files", "-----")
    for table in tables:
        yield from ("", f"{table.name}.csv: {table.title} ({len(table.rows):,} rows)")
        yield from _wrapped(table.description)
        for column in table.fields:
            unit = (
                f" One of {', '.join(word or '(empty)' for word in column.enum)}." if 0 < len(column.enum) <= 8 else ""
            )
            yield from _wrapped(f"  {column.name} ({column.type}): {column.description}{unit}", "    ")
    yield ""
    yield from _wrapped(
        "datapackage.json holds the same schema for machines, csv-metadata.json for CSV on the Web, CITATION.cff and "
        "datacite.json how to cite it, SHA256SUMS the hash of every file (sha256sum -c SHA256SUMS). An empty cell is a "
        "figure that is not given; the column “suppressed” says why. A text that begins like a formula has an apostrophe "
        "before it, so that no spreadsheet runs it."
    )


def _wrapped(text: str, indent: str = "") -> list[str]:
    lead = " " * (len(text) - len(text.lstrip()))
    return textwrap.wrap(text.strip(), WIDTH, initial_indent=lead, subsequent_indent=indent or lead) or [""]


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
        """This column as a field of a Table Schema."""
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
    text = partial(json.dumps, ensure_ascii=False)
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
