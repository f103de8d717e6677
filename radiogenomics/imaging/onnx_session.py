"""ONNX Runtime as every encoder here runs in it."""

from __future__ import annotations

from typing import Any


def onnx_session(content: bytes) -> Any:
    """An ONNX model ready to run: on the CPU and one thread, so that values do not depend on how many there are.

    Raises
    ------
    Exception
        ONNX Runtime's own errors: the bytes are no model, or one that it cannot run.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors alone
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
