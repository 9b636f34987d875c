"""ONNX operators that need no reading: what each is called in the neutral graph."""

from __future__ import annotations

ELEMENTWISE = {
    "Add": "add", "Sum": "add", "Sub": "subtract", "Mul": "multiply", "Div": "divide", "Pow": "power", "Max": "maximum",
    "Min": "minimum", "Mean": "add", "Mod": "divide", "Relu": "relu", "LeakyRelu": "leaky_relu", "PRelu": "leaky_relu",
    "ThresholdedRelu": "relu", "Elu": "elu", "Selu": "elu", "Celu": "elu", "Sigmoid": "sigmoid",
    "HardSigmoid": "hardsigmoid", "HardSwish": "hardswish", "Swish": "silu", "Tanh": "tanh", "Gelu": "gelu",
    "FastGelu": "gelu", "QuickGelu": "gelu",
    "Softplus": "softplus", "Softsign": "divide", "Mish": "mish", "Exp": "exp", "Log": "log", "Sqrt": "sqrt",
    "Reciprocal": "reciprocal", "Erf": "erf", "Abs": "abs", "Neg": "negate", "Sin": "sin", "Cos": "cos", "Clip": "clip",
    "Sign": "round", "Floor": "round", "Ceil": "round", "Round": "round", "Not": "round", "IsNaN": "compare",
    "Equal": "compare", "Less": "compare", "LessOrEqual": "compare", "Greater": "compare", "GreaterOrEqual": "compare",
    "And": "compare", "Or": "compare", "Xor": "compare", "Where": "select",
}  # fmt: skip
ONE_OPERAND = frozenset({"Clip", "PRelu", "IsNaN", "FastGelu"})
"""Operators whose further operands are constants of the function."""
SHAPED, ORDERED = "another shape of the same words", "another order of the same words"
WIDENED = "the same words, several times"
PART, WIDTH = "a part of the same words", "the same words in another width"
INDICES, CONSTANT = "indices, not data", "a constant"
VIEWS = {
    **dict.fromkeys(("Reshape", "Flatten", "Squeeze", "Unsqueeze"), SHAPED),
    **dict.fromkeys(("Transpose", "DepthToSpace", "SpaceToDepth", "ReverseSequence"), ORDERED),
    **dict.fromkeys(("Expand", "Tile"), WIDENED),
    **dict.fromkeys(("Slice", "Split", "Trilu", "Gather", "GatherND", "GatherElements"), PART),
    **dict.fromkeys(("QuantizeLinear", "DynamicQuantizeLinear", "DequantizeLinear", "Cast", "CastLike"), WIDTH),
    **dict.fromkeys(("CumSum", "NonZero", "OneHot", "Shape", "Size"), INDICES),
    **dict.fromkeys(("ConstantOfShape", "Range", "EyeLike"), CONSTANT),
    **dict.fromkeys(("ScatterND", "ScatterElements"), "words replaced in place"),
    "Identity": "the same words", "Dropout": "does nothing in inference", "Pad": "zeros around the same words",
}  # fmt: skip
"""Operators that compute nothing -> why they are skipped."""
REDUCTIONS = {
    "ReduceMean": "avg", "ReduceSum": "avg", "ReduceSumSquare": "avg", "ReduceL2": "avg", "ReduceL1": "avg",
    "ReduceProd": "avg", "ReduceLogSumExp": "avg", "ReduceLogSum": "avg", "ReduceMax": "max", "ReduceMin": "max",
    "ArgMax": "max", "ArgMin": "max", "TopK": "max",
}  # fmt: skip
POOLS = {"MaxPool": "max", "AveragePool": "avg", "LpPool": "avg"}
GLOBAL_POOLS = {"GlobalAveragePool": "avg", "GlobalMaxPool": "max", "GlobalLpPool": "avg"}
NORMS = {
    "BatchNormalization": "batch", "InstanceNormalization": "instance", "GroupNormalization": "group",
    "LayerNormalization": "layer", "RMSNormalization": "rms", "SimplifiedLayerNormalization": "rms", "LRN": "local",
    "LpNormalization": "rms", "MeanVarianceNormalization": "instance",
}  # fmt: skip
DOMAINS = {
    "": None, "ai.onnx": None,
    "com.microsoft": frozenset({"Gelu", "FastGelu", "QuickGelu", "SimplifiedLayerNormalization"}),
}  # fmt: skip
"""Domain -> the operators of it that mean what they mean here; None for all."""
FLOW = ("If", "Loop", "Scan", "SequenceMap")
