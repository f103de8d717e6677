"""EfficientNet as an ONNX graph for inference: batch normalisation folded into convolutions, nothing but Conv, Clip and Add."""

from __future__ import annotations

from typing import Any

import numpy as np

OPSET = 18
"""Version of the operators' definitions."""

IR_VERSION = 10
"""Version of the format; the newest that every supported ONNX Runtime reads."""


def encoder_graph(network: Any, pixels: int) -> bytes:
    """The convolutional part of an EfficientNet, from the picture to the last convolution's output.

    The same function but for rounding. TensorFlow's 'same' padding, which may be one-sided, is part of each convolution.

    Parameters
    ----------
    network : `efficientnet_lite_pytorch.EfficientNet` in evaluation mode, without squeeze-and-excitation.
    pixels : edge of the pictures.

    Returns
    -------
    An ONNX model; input `picture`, 1 x 3 x `pixels` x `pixels` float32; one output.
    """
    from onnx import helper

    graph = _Graph()
    x = graph.convolution("picture", network._conv_stem, network._bn0, active=True)
    for block in network._blocks:
        arguments = block._block_args
        start = x
        if arguments.expand_ratio != 1:
            x = graph.convolution(x, block._expand_conv, block._bn0, active=True)
        x = graph.convolution(x, block._depthwise_conv, block._bn1, active=True)
        x = graph.convolution(x, block._project_conv, block._bn2, active=False)
        if block.id_skip and arguments.stride == 1 and arguments.input_filters == arguments.output_filters:
            x = graph.node("Add", [x, start])
    x = graph.convolution(x, network._conv_head, network._bn1, active=True)
    model = helper.make_model(
        graph.finished("picture", [1, 3, pixels, pixels], x),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    return bytes(model.SerializeToString())


class _Graph:
    """Nodes and weights in the order in which they run."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.bounds = [self.weight(np.float32(0)), self.weight(np.float32(6))]

    def weight(self, values: Any) -> str:
        from onnx import numpy_helper

        name = f"weight_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def node(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        from onnx import helper

        name = f"value_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def convolution(self, x: str, original: Any, normalisation: Any, *, active: bool) -> str:
        """A convolution with its batch normalisation folded in, then ReLU6 where it is `active`."""
        from torch.nn.utils.fusion import fuse_conv_bn_eval

        folded: Any = fuse_conv_bn_eval(original, normalisation)
        left, right, top, bottom = getattr(original.static_padding, "padding", (0, 0, 0, 0))
        weight, bias = (self.weight(values.detach().numpy()) for values in (folded.weight, folded.bias))
        made = self.node(
            "Conv",
            [x, weight, bias],
            kernel_shape=list(folded.kernel_size),
            strides=list(folded.stride),
            pads=[top, left, bottom, right],
            group=folded.groups,
        )
        return self.node("Clip", [made, *self.bounds]) if active else made

    def finished(self, source: str, shape: list[int], result: str) -> Any:
        from onnx import TensorProto, helper

        first = helper.make_tensor_value_info(source, TensorProto.FLOAT, shape)
        last = helper.make_tensor_value_info(result, TensorProto.FLOAT, None)
        return helper.make_graph(self.nodes, "encoder", [first], [last], self.weights)
