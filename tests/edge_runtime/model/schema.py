"""The JSON Schema of the manifest, made from the dataclasses that read it.

It is published as ``edge_runtime/model/manifest_schema.json``; no device needs to make it.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import textwrap
import types
from typing import Any, Union, get_args, get_origin, get_type_hints

from edge_runtime.model.manifest import CHECKSUM_KEY, SCHEMA_VERSION, Manifest

_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}


def manifest_schema() -> dict[str, Any]:
    """The schema that is published as ``edge_runtime/model/manifest_schema.json``."""
    schema = _of_dataclass(Manifest)
    schema["properties"][CHECKSUM_KEY] = {
        "type": "string",
        "description": "SHA-256 of all other keys: as JSON with sorted keys, without spaces and "
        "in ASCII",
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Manifest of an edge-genre model, version {SCHEMA_VERSION}",
        **schema,
    }


def _of_dataclass(cls: type[Any]) -> dict[str, Any]:
    hints, docs = get_type_hints(cls), _field_docs(cls)
    properties, required = {}, []
    for item in dataclasses.fields(cls):
        schema = _of_type(hints[item.name])
        if docs.get(item.name):
            schema["description"] = docs[item.name]
        if item.default is not dataclasses.MISSING:
            schema["default"] = item.default
        elif item.default_factory is dataclasses.MISSING:
            required.append(item.name)
        properties[item.name] = schema
    return {"type": "object", "properties": properties, "required": required}


def _of_type(hint: Any) -> dict[str, Any]:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        inner = _of_type(next(h for h in arguments if h is not type(None)))
        return {**inner, "type": [inner["type"], "null"]}
    if dataclasses.is_dataclass(hint):
        return _of_dataclass(hint)  # type: ignore[arg-type]  # a class, not an instance
    if origin is tuple:
        return {"type": "array", "items": _of_type(arguments[0])}
    if origin is dict:
        return {"type": "object"}
    return {"type": _TYPES[hint]}


def _field_docs(cls: type[Any]) -> dict[str, str]:
    """What stands under each field of a class."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(body, ast.ClassDef)
    found = {}
    for field, after in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            found[field.target.id] = " ".join(str(after.value.value).split()).replace("``", "")
    return found
