# SPDX-License-Identifier: Apache-2.0
"""The jobs of `benchmarks/device` in JAX and diffrax: (name, operations, make a run)."""

import functools
import os

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
import jax
import jax.numpy as jnp
import numpy as np

try:
    import diffrax
except ImportError:
    diffrax = None

ABSENT = {} if diffrax else {"diffrax": "not installed"}


def describe(device):
    more = f", diffrax {diffrax.__version__}" if diffrax else ""
    return {"peer": f"JAX {jax.__version__}{more}",
            "device": jax.devices()[0].device_kind if device == "cuda" else "host"}


def set_up(device):
    jax.config.update("jax_platforms", device)
    jax.devices()


def finish(result):
    if result is not None:
        jax.block_until_ready(result)


def clear():
    jax.clear_caches()


def rounded(make, tf32):
    """A job whose products and convolutions may use tensor cores, or may not."""
    def start():
        jax.config.update("jax_default_matmul_precision", "tensorfloat32" if tf32 else "highest")
        return make()
    return start


def random(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape), jnp.float32)


def rk4(f, theta, x, steps, horizon):
    """f(theta, x) by a scan over the steps."""
    h = horizon / steps

    def step(x, _):
        k1 = f(theta, x)
        k2 = f(theta, x + h / 2 * k1)
        k3 = f(theta, x + h / 2 * k2)
        k4 = f(theta, x + h * k3)
        return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), None
    return jax.lax.scan(step, x, length=steps)[0]


if diffrax:
    class Rk4(diffrax.AbstractERK):
        """The classical scheme; the error estimate, which diffrax wants, is not used."""
        tableau = diffrax.ButcherTableau(
            a_lower=(np.array([.5]), np.array([0, .5]), np.array([0, 0, 1.])),
            b_sol=np.array([1 / 6, 1 / 3, 1 / 3, 1 / 6]),
            b_error=np.array([1 / 6, -1 / 6, 1 / 6, -1 / 6]),
            c=np.array([.5, .5, 1.]))
        interpolation_cls = diffrax.ThirdOrderHermitePolynomialInterpolation.from_k

        def order(self, terms):
            return 4

    def by_diffrax(f, theta, x, steps, horizon):
        adjoint = diffrax.RecursiveCheckpointAdjoint(checkpoints=steps)
        return diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: f(args, y)), Rk4(), 0., horizon, horizon / steps, x,
            theta, max_steps=steps + 1, adjoint=adjoint).ys[-1]

    def by_adaptive_steps(f, theta, x, horizon):
        return diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: f(args, y)), diffrax.Dopri5(), 0., horizon, None, x,
            theta, max_steps=None,
            stepsize_controller=diffrax.PIDController(rtol=1e-4, atol=1e-6)).ys[-1]


def solvers():
    yield "jax", rk4
    if diffrax:
        yield "diffrax", by_diffrax


def gradient_of(solve, f, theta, x):
    """½ |x(T)|² by theta and x."""
    loss = lambda theta, x: .5 * jnp.sum(jnp.square(solve(f, theta, x)))
    gradient = jax.jit(jax.value_and_grad(loss, (0, 1)))
    return lambda: gradient(theta, x)


def mlp(theta, x):
    (w1, b1), (w2, b2) = theta
    return jnp.tanh(x @ w1 + b1) @ w2 + b2


def mlp_block(solve, batch):
    theta = [(.1 * random(i, 64, 64), jnp.zeros(64)) for i in range(2)]
    return gradient_of(functools.partial(solve, steps=32, horizon=1.), mlp, theta,
                       random(2, batch, 64))


def mlp_jobs(smoke):
    for batch in (3,) if smoke else (128, 1024):
        for tf32 in (False, True):
            for name, solve in solvers():
                yield (f"mlp/{'tf32' if tf32 else 'fp32'}/batch:{batch}/{name}", 1,
                       rounded(functools.partial(mlp_block, solve, batch), tf32))


def conv_block(channels, size, batch):
    """BN–ReLU–conv–BN–ReLU–conv of channels side by side, forward and back."""
    def forward(theta, y):
        for gamma, beta, w in theta:
            mean, variance = jnp.mean(y, (0, 1, 2)), jnp.var(y, (0, 1, 2))
            y = jax.nn.relu((y - mean) * jax.lax.rsqrt(variance + 1e-5) * gamma + beta)
            y = jax.lax.conv_general_dilated(y, w, (1, 1), "SAME",
                                             dimension_numbers=("NHWC", "HWIO", "NHWC"))
        return y

    @jax.jit
    def run(theta, x, dy):
        y, transpose = jax.vjp(forward, theta, x)
        return y, transpose(dy)

    x, dy = random(1, batch, size, size, channels), random(2, batch, size, size, channels)
    theta = [(jnp.ones(channels), jnp.zeros(channels), .1 * random(3 + i, 3, 3, channels, channels))
             for i in range(2)]
    return lambda: run(theta, x, dy)


def conv_jobs(smoke):
    for batch in (3,) if smoke else (32, 256):
        for channels, size in ((4, 6),) if smoke else ((16, 32), (32, 16), (64, 8)):
            for tf32 in (False, True):
                make = functools.partial(conv_block, channels, size, batch)
                yield (f"conv/{'tf32' if tf32 else 'fp32'}/{channels}x{size}x{size}/batch:{batch}/"
                       "jax", 1, rounded(make, tf32))


def lorenz(theta, x):
    """Of one trajectory, or of states 3 × n."""
    sigma, rho, beta = theta
    a, b, c = x
    return jnp.stack((sigma * (b - a), a * (rho - c) - b, a * b - beta * c))


CONSTANTS = (10., 28., 8 / 3)


def starts(n):
    one = jnp.ones(n, jnp.float32)
    return jnp.stack((1 + 8 * jnp.arange(n, dtype=jnp.float32) / n, 2 * one, 20 * one))


def of_each(solve):
    """The solve of one trajectory, for states 3 × n."""
    def all_of(f, theta, x, **how):
        return jax.vmap(lambda x: solve(f, theta, x, **how), 1, 1)(x)
    return all_of


def ensemble_solvers():
    yield "jax", rk4
    if diffrax:
        yield "diffrax", of_each(by_diffrax)


def trajectories(solve, n, **how):
    run, x = jax.jit(lambda x: solve(lorenz, CONSTANTS, x, **how)), starts(n)
    return lambda: run(x)


def lorenz_jobs(smoke):
    """Of the classical scheme's 1000 steps the first hundred: an operation is one step."""
    steps = 5 if smoke else 100
    for n in (10,) if smoke else (1000, 10000, 100000, 1000000, 10000000):
        for name, solve in ensemble_solvers():
            yield (f"lorenz/rk4_classic/float/n:{n}/{name}", n * steps,
                   functools.partial(trajectories, solve, n, steps=steps, horizon=1e-3 * steps))
        if diffrax:
            yield (f"lorenz/dormand_prince54/float/n:{n}/diffrax", n,
                   functools.partial(trajectories, of_each(by_adaptive_steps), n,
                                     horizon=.5 if smoke else 20.))


def lorenz_gradient_jobs(smoke):
    steps = 5 if smoke else 100
    for n in (10,) if smoke else (1000, 10000, 100000, 1000000, 10000000):
        for name, solve in ensemble_solvers():
            def make(solve=solve, n=n):
                return gradient_of(functools.partial(solve, steps=steps, horizon=1e-2 * steps),
                                   lorenz, jnp.array(CONSTANTS), starts(n))
            yield f"lorenz_gradient/gradient/float/n:{n}/{name}", n * steps, make


def jobs(device, smoke):
    for some in (mlp_jobs, conv_jobs, lorenz_jobs, lorenz_gradient_jobs):
        yield from some(smoke)
