"""Functions that frameworks write out in small steps, put together again before lowering.

    x sigmoid(x)                            SiLU
    x / sqrt(2), erf, + 1, times x, / 2     GELU (in any order of the products)
    x^2, mean, + eps, rsqrt, times x        RMS normalisation (and its scale, when it is a constant)

Each step but the last must be read by the next one alone; else it is needed and stays.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from accelsim.workload.importers.graph import Graph, Node


def joined(graph: Graph) -> tuple[Graph, dict[str, str]]:
    """The graph with the steps of each function as one node, and of each node that is gone what it is a step of."""
    finder = _Finder(graph)
    for node in graph.nodes:
        if node.op == "elementwise" and node.attributes.get("function") == "multiply":
            finder.silu(node)
            finder.rms(node)
        if node.op == "elementwise" and node.attributes.get("function") == "erf":
            finder.gelu(node)
    nodes = tuple(finder.instead.get(node.outputs[0], node) for node in graph.nodes)
    return replace(graph, nodes=nodes), finder.gone


class _Finder:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.maker = {output: node for node in graph.nodes for output in node.outputs}
        self.readers = Counter(name for node in graph.nodes for name in node.inputs)
        self.readers.update(graph.outputs)
        self.users = {name: node for node in graph.nodes for name in node.inputs}
        self.instead: dict[str, Node] = {}
        self.gone: dict[str, str] = {}

    def made(self, name: str, *functions: str, op: str = "elementwise") -> Node | None:
        """The node that makes a tensor which one node alone reads, if it is of these functions."""
        node = self.maker.get(name)
        fits = node is not None and node.op == op and (not functions or node.attributes.get("function") in functions)
        return node if fits and self.readers[name] == 1 else None

    def user(self, node: Node, *functions: str) -> Node | None:
        """The only node that reads what a node gives, if it is of these functions."""
        name = node.outputs[0]
        user = self.users.get(name) if self.readers[name] == 1 else None
        fits = user is not None and user.op == "elementwise" and user.attributes.get("function") in functions
        return user if fits else None

    def moving(self, node: Node) -> list[str]:
        """The operands that are not constant."""
        return [name for name in node.inputs if not self.graph.values[name].constant]

    def join(self, steps: list[Node], last: Node, node: Node) -> None:
        self.instead[last.outputs[0]] = node
        for step in steps:
            self.gone[step.outputs[0]] = f"into {node.name}: a step of {node.attributes['function']}"
            self.instead[step.outputs[0]] = replace(
                step, op="view", attributes={"why": f"a step of {node.attributes['function']}"}, inputs=step.inputs[:1]
            )

    def silu(self, node: Node) -> None:
        for x, y in (node.inputs, node.inputs[::-1]) if len(node.inputs) == 2 else ():
            gate = self.made(y, "sigmoid")
            if gate is not None and gate.inputs == (x,):
                self.join([gate], node, replace(node, inputs=(x,), attributes={"function": "silu"}))
                return

    def gelu(self, erf: Node) -> None:
        scaled = self.made(erf.inputs[0], "divide", "multiply", "scale")
        plus = self.user(erf, "add", "offset")
        if scaled is None or plus is None or len(self.moving(scaled)) != 1 or len(self.moving(plus)) != 1:
            return
        x = self.moving(scaled)[0]
        steps, last = [scaled, erf, plus], plus
        for _ in range(2):  # times x and times a half, or times (x / 2), in either order
            user = self.user(last, "multiply", "scale", "divide")
            if user is None:
                break
            others = [name for name in self.moving(user) if name != last.outputs[0]]
            half = self.made(others[0], "multiply", "scale", "divide") if others and others[0] != x else None
            if others and others[0] != x and (half is None or self.moving(half) != [x]):
                break
            if half is not None:
                steps.append(half)
            steps.append(user)
            last = user
        if last is plus or not any(x in step.inputs for step in steps[1:]):
            return
        steps.remove(last)
        self.join(steps, last, replace(last, inputs=(x,), attributes={"function": "gelu"}))

    def rms(self, node: Node) -> None:
        for x, y in (node.inputs, node.inputs[::-1]) if len(node.inputs) == 2 else ():
            root = self.made(y, "rsqrt", "reciprocal")
            second = self.made(root.inputs[0], "sqrt") if root and root.attributes["function"] == "reciprocal" else None
            plus = self.made((second or root).inputs[0], "add", "offset") if root else None
            mean = self.made(self.moving(plus)[0], op="reduce") if plus and len(self.moving(plus)) == 1 else None
            square = self.made(mean.inputs[0], "square", "power", "multiply") if mean else None
            if square is None or mean is None or root is None or plus is None or set(self.moving(square)) != {x}:
                continue
            steps = [square, mean, plus, *([second] if second else []), root]
            rank = len(self.graph.values[x].shape)
            axes = tuple(axis % rank for axis in mean.attributes["axes"])
            norm = replace(node, op="norm", inputs=(x,), attributes={"function": "rms", "axes": axes})
            self.join(steps, node, norm)
            return
