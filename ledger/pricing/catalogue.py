"""Publish catalogue documents: validated whole, written once, never edited."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import yaml
from django.db import connection, models, transaction

from ledger.constraints import is_storable
from ledger.errors import LedgerError
from ledger.pricing import rows
from ledger.pricing.models import Publication
from ledger.pricing.rows import Fault, Named
from ledger.pricing.sections import SECTIONS
from ledger.pricing.sections.section import Section

MOST_LEVELS: Final = 20
"""How deep a document may be nested."""

MOST_VALUES: Final = 2_000_000
"""How many values a document may hold; YAML's aliases let a small file hold very many."""

SERIALISE_PUBLICATIONS: Final = "SELECT pg_advisory_xact_lock(hashtext('ledger_publication'))"


class DocumentInvalid(LedgerError):
    """A catalogue document is not as it should be; nothing of it is published."""

    problem = "document-invalid"

    def __init__(self, errors: Sequence[Fault]) -> None:
        self.errors = list(errors)
        shown = "; ".join(f"{fault.pointer}: {fault.detail}" for fault in self.errors[:5])
        more = f" (and {len(self.errors) - 5} more)" if len(self.errors) > 5 else ""  # noqa: PLR2004 - the first five are shown
        super().__init__(shown + more)


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication brought, by section; publication_id is None if nothing was new."""

    publication_id: int | None
    rows: dict[str, list[models.Model]]

    @property
    def added(self) -> dict[str, int]:
        """Return how many rows each section brought."""
        return {section: len(fresh) for section, fresh in self.rows.items()}


def read_document(path: Path) -> dict[str, Any]:
    """Read a YAML or JSON catalogue document.

    :raises DocumentInvalid: if the file does not parse or is not a mapping of sections.
    """
    text = path.read_text(encoding="utf-8")
    return document_from_json(text) if path.suffix == ".json" else document_from_text(text)


def document_from_text(text: str) -> dict[str, Any]:
    """Read a document in YAML, of which JSON is a part.

    :raises DocumentInvalid: if it does not parse, or is not a mapping of sections.
    """
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DocumentInvalid([Fault("", f"the document does not parse: {error}")]) from error
    return _mapping(document)


def document_from_json(body: str | bytes) -> dict[str, Any]:
    """Read a document that was sent as JSON.

    :raises DocumentInvalid: if it does not parse, or is not a mapping of sections.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise DocumentInvalid([Fault("", f"the document does not parse: {error}")]) from error
    return _mapping(document)


def _mapping(document: object) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise DocumentInvalid([Fault("", "the document is not a mapping of sections")])
    return document


@transaction.atomic
def publish(
    document: Mapping[str, Any], *, now: datetime, published_by: str, note: str = ""
) -> Published:
    """Write what is new in a document as one publication; an equal row is passed over.

    Publications follow one another: a revision that a reader has seen never grows afterwards.

    :raises DocumentInvalid: naming every faulty row; nothing is published.
    """
    with connection.cursor() as cursor:
        cursor.execute(SERIALISE_PUBLICATIONS)
    unknown = sorted(set(document) - {section.name for section in SECTIONS})
    faults = [Fault(f"#/{name}", "is not a section of a catalogue document") for name in unknown]
    if unkept := _unkept(document):
        raise DocumentInvalid([*faults, *unkept])
    publication = Publication(
        published_at=now,
        published_by=published_by,
        note=note,
        document_sha256=digest(document),
        provides=_provided(document),
    )
    publication.id = _next_publication_id()
    named = Named(ids={}, providers=None, zones=None, kinds=None, complete=True)
    added: dict[str, list[models.Model]] = {}
    for section in SECTIONS:
        listed = document.get(section.name) or []
        parsed = rows.parsed(section, listed, named=named, faults=faults)
        if faults:
            named.complete = False  # what a later section names may be what this one did not add
            continue
        fresh = _fresh(section, parsed, publication=publication, now=now, faults=faults)
        if fresh and not added:
            publication.save(force_insert=True)
        if fresh:
            added[section.name] = fresh
            section.model._default_manager.bulk_create(fresh)
            named.forget(section.model)
    if faults:
        raise DocumentInvalid(faults)
    return Published(publication.id if added else None, added)


def digest(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a document."""
    text = json.dumps(plain(document), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _unkept(document: Mapping[str, Any]) -> list[Fault]:
    """Return where a text is none that PostgreSQL can hold, or the document is nested too deep."""
    faults: list[Fault] = []
    waiting: list[tuple[object, str, int]] = [(document, "#", 0)]
    seen = 0
    while waiting:
        value, pointer, depth = waiting.pop()
        seen += 1
        if seen > MOST_VALUES:
            return [Fault("#", f"holds more than {MOST_VALUES:,} values")]
        if depth > MOST_LEVELS:
            faults.append(Fault(pointer, f"is nested deeper than {MOST_LEVELS} levels"))
        elif isinstance(value, Mapping):
            waiting += [(str(name), pointer, depth) for name in value]
            waiting += [(one, f"{pointer}/{name}", depth + 1) for name, one in value.items()]
        elif isinstance(value, list):
            waiting += [(one, f"{pointer}/{at}", depth + 1) for at, one in enumerate(value)]
        elif isinstance(value, str) and not is_storable(value):
            faults.append(Fault(pointer, "holds a character that no text can"))
    return faults


def plain(value: object) -> object:
    """Return a document with YAML's dates and keys as text: the same rows, as JSON keeps them."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _next_publication_id() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('ledger_publication', 'id'))")
        (number,) = cursor.fetchone()
    return int(number)


def _provided(document: Mapping[str, Any]) -> list[str]:
    keys = set()
    for section in SECTIONS:
        listed = document.get(section.name)
        for row in listed if isinstance(listed, list) else []:
            try:
                keys.add(section.provides(row))
            except (KeyError, TypeError, AttributeError):
                continue  # the row is reported when it is parsed
    return sorted(key for key in keys if key is not None)


def _fresh(
    section: Section,
    parsed: list[dict[str, Any]],
    *,
    publication: Publication,
    now: datetime,
    faults: list[Fault],
) -> list[models.Model]:
    """Return unsaved rows for what the database does not hold already."""
    names = {column.name for column in section.model._meta.concrete_fields}
    versioned = "revision" in names
    key_fields = [_attname(section, name) for name in section.identity]
    if "valid_from" in names:
        key_fields.append("valid_from")
    held: dict[tuple[Any, ...], models.Model] = {}
    ordering = ["revision"] if versioned else []
    named = {f"{name}__in": {values[name] for values in parsed} for name in key_fields}
    for instance in section.model._default_manager.filter(**named).order_by(*ordering, "pk"):
        held[tuple(getattr(instance, name) for name in key_fields)] = instance
    fresh = []
    for index, values in enumerate(parsed):
        key = tuple(values[name] for name in key_fields)
        existing = held.get(key)
        if existing and all(getattr(existing, name) == value for name, value in values.items()):
            continue
        if existing and not versioned:
            faults.append(
                Fault(
                    f"#/{section.name}/{index}", "is published with other values; it cannot change"
                )
            )
            continue
        if versioned:
            revision = getattr(existing, "revision", 0) + 1
            stamp = {"revision": revision, "publication": publication}
        else:
            stamp = {"created_at": now} if "created_at" in names else {}
        held[key] = section.model(**values, **stamp)
        fresh.append(held[key])
    return fresh


def _attname(section: Section, name: str) -> str:
    column = section.model._meta.get_field(name)
    assert isinstance(column, models.Field), "identities are columns"
    return column.attname
