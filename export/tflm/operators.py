"""Which operators a network needs: ``micro_op_resolver.h``."""

from __future__ import annotations

from edge_runtime.errors import ExportParityError

from .c_text import header

# TFLM names most methods after the operator: CONV_2D is added by AddConv2D.
_ODD_METHODS = {
    "BATCH_MATMUL": "AddBatchMatMul",
    "CUMSUM": "AddCumSum",
    "PADV2": "AddPadV2",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "AddUnidirectionalSequenceLSTM",
}


def operators(network: bytes) -> tuple[str, ...]:
    """Operators of a TFLite flatbuffer, each once, in alphabetical order.

    Raises
    ------
    ExportParityError
        If there is a custom operator, which no TFLM has.
    """
    from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

    names = {
        number: name for name, number in vars(schema.BuiltinOperator).items() if name.isupper()
    }
    model = schema.Model.GetRootAsModel(network, 0)
    found = set()
    for index in range(model.OperatorCodesLength()):
        code = model.OperatorCodes(index)
        # Numbers beyond 127 do not fit into the older of the two fields.
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        found.add(names[number])
    if "CUSTOM" in found:
        raise ExportParityError(
            "the network has a custom operator, which TensorFlow Lite Micro does not know; export "
            "it as tflite or onnx"
        )
    return tuple(sorted(found))


def resolver_method(operator: str) -> str:
    """Method of ``MicroMutableOpResolver`` that adds an operator.

    >>> resolver_method("CONV_2D"), resolver_method("LEAKY_RELU"), resolver_method("SELECT_V2")
    ('AddConv2D', 'AddLeakyRelu', 'AddSelectV2')
    """
    if operator in _ODD_METHODS:
        return _ODD_METHODS[operator]
    parts = (part if part in ("2D", "3D") else part.capitalize() for part in operator.split("_"))
    return "Add" + "".join(parts)


def micro_op_resolver(needed: tuple[str, ...]) -> str:
    """The header: a resolver that holds these operators and no others."""
    adds = " ||\n      ".join(f"resolver.{resolver_method(name)}() != kTfLiteOk" for name in needed)
    return header(
        "EDGE_GENRE_MICRO_OP_RESOLVER_H_",
        f"""\
// Operators of the network: {", ".join(needed)}

#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

using EdgeGenreOpResolver = tflite::MicroMutableOpResolver<{len(needed)}>;

inline TfLiteStatus EdgeGenreRegisterOps(EdgeGenreOpResolver& resolver) {{
  if ({adds}) {{
    return kTfLiteError;
  }}
  return kTfLiteOk;
}}
""",
    )
