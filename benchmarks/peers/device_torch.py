# SPDX-License-Identifier: Apache-2.0
"""The jobs of `benchmarks/device` in PyTorch and torchdiffeq: (name, operations, make a run)."""

import functools

import torch
from torch_models import (by_hand, by_its_adjoint, by_torchdiffeq, conv_block, ends, gradient_of,
                          mlp_block, rk4, rk4_step, torchdiffeq)

ABSENT = {} if torchdiffeq else {"torchdiffeq": "not installed"}


def describe(device):
    on = torch.cuda.get_device_name() if device == "cuda" else "host"
    more = f", torchdiffeq {torchdiffeq.__version__}" if torchdiffeq else ""
    return {"peer": f"PyTorch {torch.__version__}{more}", "device": on}


def set_up(device):
    if device == "cuda" and not torch.cuda.is_available():
        raise RuntimeError("PyTorch finds no GPU")
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True


def finish(_):
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def clear():
    """Between jobs: the memory of one is not the next one's."""
    torch.compiler.reset()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def rounded(make, tf32):
    """A job whose products and convolutions may use tensor cores, or may not."""
    def start():
        torch.backends.cuda.matmul.allow_tf32 = tf32
        torch.backends.cudnn.allow_tf32 = tf32
        return make()
    return start


def graph(make):
    """The run of `make` as a CUDA graph."""
    def start():
        run = make()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                run()
        torch.cuda.current_stream().wait_stream(side)
        recorded = torch.cuda.CUDAGraph()
        with torch.cuda.graph(recorded):
            run()
        replay = lambda: recorded.replay()
        replay.keeps = run  # the arrays it reads
        return replay
    return start


def with_graphs(contenders, device):
    """Those, and behind some the same as a graph."""
    for name, make in contenders.items():
        yield name, make
        if device == "cuda" and name in ("torch", "torch_channels_last", "torch_compile"):
            yield name + "_graph", graph(make)


compiled_step = torch.compile(rk4_step, dynamic=False)


def by_compiled_steps(f, x, steps=32, horizon=1.):
    """No equation here asks for the time, of which a compiler would make another step each time."""
    return rk4(f, x, steps, horizon, lambda f, t, x, h: compiled_step(f, 0., x, h))


def solvers():
    yield "torch", by_hand
    yield "torch_compile", by_compiled_steps
    if torchdiffeq:
        yield "torchdiffeq", by_torchdiffeq
        yield "torchdiffeq_adjoint", by_its_adjoint


def mlp_jobs(device, smoke):
    for batch in (3,) if smoke else (128, 1024):
        for tf32 in (False, True):
            contenders = {name: rounded(functools.partial(mlp_block, solve, torch.float32, batch,
                                                          device), tf32)
                          for name, solve in solvers()}
            for name, make in with_graphs(contenders, device):
                yield f"mlp/{'tf32' if tf32 else 'fp32'}/batch:{batch}/{name}", 1, make


def whole_jobs(device, smoke):
    """All steps in one compiled function, which takes long to compile."""
    for batch in () if smoke else (128,):
        for tf32 in (False, True):
            compiled = functools.partial(torch.compile, mode="reduce-overhead", dynamic=False)
            make = functools.partial(mlp_block, by_hand, torch.float32, batch, device, compiled)
            yield (f"mlp/{'tf32' if tf32 else 'fp32'}/batch:{batch}/torch_compile_whole", 1,
                   rounded(make, tf32))


def conv_jobs(device, smoke):
    shapes = ((4, 6),) if smoke else ((16, 32), (32, 16), (64, 8))
    for batch in (3,) if smoke else (32, 256):
        for channels, size in shapes:
            for tf32 in (False, True):
                block = functools.partial(conv_block, channels, size, batch=batch, device=device)
                last = functools.partial(block, torch.channels_last)
                contenders = {"torch": functools.partial(block, torch.contiguous_format),
                              "torch_channels_last": last,
                              "torch_compile": functools.partial(last, compiled=functools.partial(
                                  torch.compile, dynamic=False))}
                contenders = {c: rounded(make, tf32) for c, make in contenders.items()}
                for name, make in with_graphs(contenders, device):
                    yield (f"conv/{'tf32' if tf32 else 'fp32'}/{channels}x{size}x{size}/"
                           f"batch:{batch}/{name}", 1, make)


class Lorenz(torch.nn.Module):
    """Of states 3 × n."""

    def __init__(self, trained=False):
        super().__init__()
        theta = torch.tensor([10., 28., 8 / 3])
        self.theta = torch.nn.Parameter(theta) if trained else None
        self.constants = (10., 28., 8 / 3)

    def forward(self, t, x):
        sigma, rho, beta = self.constants if self.theta is None else self.theta.unbind()
        a, b, c = x.unbind()
        return torch.stack((sigma * (b - a), a * (rho - c) - b, a * b - beta * c))


def starts(n, dtype, device):
    x = torch.empty(3, n, dtype=dtype, device=device)
    x[0] = 1 + 8 * torch.arange(n, dtype=dtype, device=device) / n
    x[1], x[2] = 2, 20
    return x


def trajectories(solve, n, dtype, device):
    f, x = Lorenz().to(device, dtype), starts(n, dtype, device)

    def run():
        with torch.no_grad():
            return solve(f, x)
    return run


def by_adaptive_steps(f, x, horizon):
    single = x.dtype == torch.float32
    return torchdiffeq.odeint(f, x, ends(x, horizon), method="dopri5",
                              rtol=1e-4 if single else 1e-6, atol=1e-6 if single else 1e-9)[1]


def lorenz_jobs(device, smoke):
    """Of the classical scheme's 1000 steps the first hundred: an operation is one step. In a batch
    all trajectories have the same adaptive steps."""
    steps = 5 if smoke else 100
    for n in (10,) if smoke else (1000, 10000, 100000, 1000000, 10000000):
        for scalar, dtype in (("float", torch.float32), ("double", torch.float64)):
            contenders = {
                name: functools.partial(trajectories, functools.partial(
                    solve, steps=steps, horizon=1e-3 * steps), n, dtype, device)
                for name, solve in solvers() if name != "torchdiffeq_adjoint"}
            for name, make in with_graphs(contenders, device):
                yield f"lorenz/rk4_classic/{scalar}/n:{n}/{name}", n * steps, make
            if torchdiffeq:
                solve = functools.partial(by_adaptive_steps, horizon=.5 if smoke else 20.)
                yield (f"lorenz/dormand_prince54/{scalar}/n:{n}/torchdiffeq", n,
                       functools.partial(trajectories, solve, n, dtype, device))


def lorenz_gradient_jobs(device, smoke):
    steps = 5 if smoke else 100
    for n in (10,) if smoke else (1000, 10000, 100000, 1000000, 10000000):
        for scalar, dtype in (("float", torch.float32), ("double", torch.float64)):
            def make(solve, n=n, dtype=dtype):
                solve = functools.partial(solve, steps=steps, horizon=1e-2 * steps)
                return gradient_of(solve, Lorenz(trained=True).to(device, dtype),
                                   starts(n, dtype, device))
            contenders = {name: functools.partial(make, solve) for name, solve in solvers()}
            for name, make_run in with_graphs(contenders, device):
                yield f"lorenz_gradient/gradient/{scalar}/n:{n}/{name}", n * steps, make_run


def jobs(device, smoke):
    for some in (mlp_jobs, conv_jobs, lorenz_jobs, lorenz_gradient_jobs, whole_jobs):
        yield from some(device, smoke)
