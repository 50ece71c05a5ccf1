"""A published dataset as one zip that is the same, byte for byte, whenever it is made again. Pure.

Members are sorted, have one fixed time and are stored uncompressed: compressors of two machines differ, and the way to
the reader compresses anyway. Parquet is added on request only, because its bytes change with the version of pyarrow.
"""

from __future__ import annotations

import hashlib
import io
import textwrap
import zipfile
from collections.abc import Iterator, Mapping, Sequence

from app.figures.exports.csv import to_csv, to_parquet
from app.figures.releases.package_metadata import (
    Dataset,
    File,
    Table,
    as_json,
    citation,
    csvw,
    data_cite,
    data_package,
    licence_of,
)

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold: the day of a release stands inside, not on its members."""
WIDTH = 96


def package(dataset: Dataset, tables: Sequence[Table], *, parquet: bool = False) -> bytes:
    """The zip. Raises Invalid where Parquet is asked for and cannot be written here."""
    files: dict[str, bytes] = {}
    described: list[tuple[Table, list[File]]] = []
    for table in tables:
        made = {f"{table.name}.csv": to_csv([table.header, *table.rows])}
        if parquet:
            made[f"{table.name}.parquet"] = to_parquet(
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
        for field in table.fields:
            unit = f" One of {', '.join(word or '(empty)' for word in field.enum)}." if 0 < len(field.enum) <= 8 else ""
            yield from _wrapped(f"  {field.name} ({field.type}): {field.description}{unit}", "    ")
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
