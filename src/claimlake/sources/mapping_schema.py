"""The JSON Schema of a source mapping, for completion in an editor; made of what the reader knows."""

from collections.abc import Iterable, Mapping
from typing import Any

from claimlake.lake.contract import Contract
from claimlake.sources.api_origin import API_KEYS
from claimlake.sources.code_map import CODE_KEYS
from claimlake.sources.document import Key
from claimlake.sources.field import FIELD_KEYS
from claimlake.sources.file_origin import FILE_KEYS
from claimlake.sources.mapping import FEED_KEYS, MAPPING_KEYS, RULE_KEYS, TARGET_KEYS
from claimlake.sources.table_origin import TABLE_KEYS

DRAFT = "https://json-schema.org/draft/2020-12/schema"
SCALAR = {"type": ["string", "number", "boolean"]}
KINDS: dict[str, dict[str, Any]] = {
    "text": {"type": ["string", "number"]},
    "number": {"type": "integer", "minimum": 0},
    "flag": {"type": "boolean"},
    "texts": {"type": "array", "items": {"type": ["string", "number"]}},
    "map": {"type": "object"},
    "any": {},
}


def mapping_schema(contracts: Mapping[str, Contract]) -> dict[str, Any]:
    """The schema of sources/<system>.yml where these bronze tables exist."""
    tables = [contracts[name] for name in sorted(contracts)]
    files = _object(FILE_KEYS, {"layout": _layout()})
    feed = _object(
        FEED_KEYS,
        {
            "from": {"anyOf": [files, _object(TABLE_KEYS), _object(API_KEYS)]},
            "into": {"type": "array", "items": {"$ref": "#/$defs/target"}},
        },
    )
    return {
        "$schema": DRAFT,
        "title": "claimlake source mapping",
        **_object(
            MAPPING_KEYS,
            {
                "codes": {"type": "object", "additionalProperties": _codes()},
                "feeds": {"type": "array", "items": feed},
            },
        ),
        "$defs": {"target": {"oneOf": [_target(table) for table in tables]}, "field": _field()},
    }


def _object(keys: Iterable[Key], parts: Mapping[str, Any] | None = None) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required = []
    for key in keys:
        body = dict((parts or {}).get(key.name) or KINDS[key.kind])
        if key.choices:
            body = {"enum": list(key.choices)}
        properties[key.name] = body | {"description": key.about}
        if key.is_required:
            required.append(key.name)
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        **({"required": required} if required else {}),
    }


def _target(contract: Contract) -> dict[str, Any]:
    fields = {
        column.name: {"$ref": "#/$defs/field", "description": f"{column.about} ({column.type})".strip()}
        for column in contract.columns
    }
    required = [column.name for column in contract.columns if column.required]
    return _object(
        TARGET_KEYS,
        {
            "table": {"const": contract.table.removeprefix("bronze.")},
            "fields": {
                "type": "object",
                "additionalProperties": False,
                "properties": fields,
                **({"required": required} if required else {}),
            },
            "rules": {"type": "array", "items": _object(RULE_KEYS)},
        },
    )


def _field() -> dict[str, Any]:
    default = {"default": SCALAR}
    return {"anyOf": [SCALAR, _object(FIELD_KEYS, default)]}


def _codes() -> dict[str, Any]:
    plain = {"type": "object", "additionalProperties": {"type": ["string", "number"]}}
    return {"anyOf": [_object(CODE_KEYS, {"values": plain}), plain]}


def _layout() -> dict[str, Any]:
    place = {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2, "maxItems": 2}
    return {"type": "object", "additionalProperties": place}
