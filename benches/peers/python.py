"""The same steps in NumPy, PyTorch and JAX: what the script `run` calls.

    python.py versions           which of them there are
    python.py DIRECTORY SECONDS  trains the network in this directory, a line of JSON for each library

Whatever cannot be imported is left out. NumPy is needed to read the network.
"""

import importlib.util
import json
import os
import pathlib
import sys
import time

LIBRARIES = {"NumPy": "numpy", "PyTorch": "torch", "JAX": "jax"}

# Long enough for the clock, and for a call's own cost to be spread thin.
SHORTEST = 2e-3


class Problem:
    """A network and its data, as `src/problem.rs` writes them: columns are examples."""

    def __init__(self, directory):
        import numpy

        description = json.loads((directory / "problem.json").read_text())
        self.step = description["step"]
        self.learning_rate = description["learning_rate"]
        self.updates = description["updates"]
        self.cost = description["cost"]
        self.tolerance = description["tolerance"]
        sizes, m = description["sizes"], description["examples"]
        shapes = [(sizes[0], m), (1, m)]
        for n_in, n_out in zip(sizes, sizes[1:]):
            shapes += [(n_out, n_in), (n_out, 1)]
        numbers = numpy.fromfile(directory / "problem.bin", "<f8")
        ends = numpy.cumsum([rows * columns for rows, columns in shapes])
        arrays = [
            part.reshape(shape).astype(description["precision"])
            for part, shape in zip(numpy.split(numbers, ends), shapes)
        ]
        self.x, self.y, *self.parameters = arrays


def numpy_peer(problem):
    """The formulas of the course, into arrays that are allocated once."""
    import numpy as np

    x, y, rate = problem.x, problem.y, problem.learning_rate
    parameters = [parameter.copy() for parameter in problem.parameters]
    weights, biases = parameters[::2], parameters[1::2]
    m = x.shape[1]
    outputs = [np.empty((len(b), m), x.dtype) for b in biases]
    cotangents = [np.empty_like(output) for output in outputs]
    weight_gradients = [np.empty_like(w) for w in weights]

    def step():
        a = x
        for w, b, z in zip(weights, biases, outputs):
            np.matmul(w, a, out=z)
            z += b
            if z is not outputs[-1]:
                np.maximum(z, 0, out=z)
            a = z
        exponential = np.exp(-np.abs(z))
        cost = np.mean(np.maximum(z, 0) - z * y + np.log1p(exponential))
        dz = cotangents[-1]
        np.divide(np.where(z >= 0, 1, exponential), 1 + exponential, out=dz)
        dz -= y
        dz /= m
        for layer in reversed(range(len(weights))):
            dz, w, dw = cotangents[layer], weights[layer], weight_gradients[layer]
            np.matmul(dz, (outputs[layer - 1] if layer else x).T, out=dw)
            db = dz.sum(axis=1, keepdims=True)
            if layer:
                np.matmul(w.T, dz, out=cotangents[layer - 1])
                cotangents[layer - 1] *= outputs[layer - 1] > 0
            dw *= rate
            w -= dw
            biases[layer] -= rate * db
        return cost

    def train(steps):
        for _ in range(steps):
            cost = step()
        return float(cost)

    return {"NumPy": train}


def torch_peer(problem):
    """Eager, in the layout of its layers: rows are examples."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits, linear, relu

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    x = torch.tensor(problem.x.T.copy())
    y = torch.tensor(problem.y.T.copy())
    parameters = [
        torch.tensor(parameter if k % 2 == 0 else parameter[:, 0], requires_grad=True)
        for k, parameter in enumerate(problem.parameters)
    ]

    def step():
        z = linear(x, *parameters[:2])
        for k in range(2, len(parameters), 2):
            z = linear(relu(z), *parameters[k : k + 2])
        cost = binary_cross_entropy_with_logits(z, y)
        gradients = torch.autograd.grad(cost, parameters)
        with torch.no_grad():
            torch._foreach_add_(parameters, gradients, alpha=-problem.learning_rate)
        return cost

    def train(steps):
        for _ in range(steps):
            cost = step()
        return cost.item()

    return {"PyTorch, eager": train}


def jax_peer(problem):
    """A compiled step that is called from Python, and a compiled loop of such steps."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def cost_of(parameters, x, y):
        *hidden, (w, b) = zip(parameters[::2], parameters[1::2])
        a = x
        for w_hidden, b_hidden in hidden:
            a = jax.nn.relu(w_hidden @ a + b_hidden)
        z = w @ a + b
        return jnp.mean(jax.nn.softplus(z) - z * y)

    def descend(parameters, x, y):
        cost, gradients = jax.value_and_grad(cost_of)(parameters, x, y)
        rate = problem.learning_rate
        return [p - rate * g for p, g in zip(parameters, gradients)], cost

    def loop(parameters, x, y, steps):
        # The cost is carried along, so that it is computed.
        start = parameters, jnp.zeros((), x.dtype)
        return jax.lax.fori_loop(0, steps, lambda _, state: descend(state[0], x, y), start)

    x, y = jnp.asarray(problem.x), jnp.asarray(problem.y)
    compiled_step = jax.jit(descend, donate_argnums=0)
    compiled_loop = jax.jit(loop, donate_argnums=0)

    def stepwise():
        parameters = [jnp.array(parameter) for parameter in problem.parameters]

        def train(steps):
            nonlocal parameters
            for _ in range(steps):
                parameters, cost = compiled_step(parameters, x, y)
            jax.block_until_ready(parameters)
            return float(cost)

        return train

    def at_once():
        parameters = [jnp.array(parameter) for parameter in problem.parameters]

        def train(steps):
            nonlocal parameters
            parameters, cost = compiled_loop(parameters, x, y, steps)
            jax.block_until_ready(parameters)
            return float(cost)

        return train

    return {"JAX, step": stepwise(), "JAX, loop": at_once()}


def seconds_of(train, steps):
    start = time.perf_counter()
    train(steps)
    return time.perf_counter() - start


def measure(problem, seconds):
    def report(library, **result):
        print(json.dumps({"step": problem.step, "library": library, **result}))

    contestants = {}
    for peers in [numpy_peer, torch_peer, jax_peer]:
        try:
            trains = peers(problem)
        except ImportError:  # which `versions` has told of
            continue
        for library, train in trains.items():
            cost = train(problem.updates + 1)
            if abs(cost / problem.cost - 1) <= problem.tolerance:
                contestants[library] = train
            else:
                error = f"a cost of {cost} after {problem.updates} steps, not {problem.cost}"
                report(library, error=error)
    batches = {}
    for library, train in contestants.items():
        batches[library] = 1
        while seconds_of(train, batches[library]) < SHORTEST:
            batches[library] *= 2
    best = dict.fromkeys(contestants, float("inf"))
    start = time.perf_counter()
    # In turns, so that a noisy moment is nobody's own.
    while time.perf_counter() - start < seconds:
        for library, train in contestants.items():
            steps = batches[library]
            best[library] = min(best[library], seconds_of(train, steps) / steps)
    for library, time_of_step in best.items():
        report(library, seconds=time_of_step)


def versions():
    for library, module in LIBRARIES.items():
        try:
            print(library, importlib.import_module(module).__version__)
        except ImportError as problem:
            print(f"{library} is left out: {problem}")


if __name__ == "__main__":
    if sys.argv[1:] == ["versions"]:
        versions()
    elif importlib.util.find_spec("numpy"):
        measure(Problem(pathlib.Path(sys.argv[1])), float(sys.argv[2]))
