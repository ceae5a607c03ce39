# SPDX-License-Identifier: Apache-2.0
"""Our jobs in PyTorch: what `pytorch.py` times on a processor and `device.py` on a GPU."""

import torch
import torch.nn.functional as F

try:
    import torchdiffeq
except ImportError:
    torchdiffeq = None


def same(function):
    return function


def conv_block(channels, size, layout, batch=32, device="cpu", compiled=same):
    """BN–ReLU–conv–BN–ReLU–conv, forward and back. `compiled` may replace the forward function."""
    make = lambda *shape: torch.randn(*shape, device=device).contiguous(memory_format=layout)
    x, dy = make(batch, channels, size, size), make(batch, channels, size, size)
    x.requires_grad_()
    w = [(.1 * make(channels, channels, 3, 3)).requires_grad_() for _ in range(2)]
    gamma = [torch.ones(channels, device=device, requires_grad=True) for _ in range(2)]
    beta = [torch.zeros(channels, device=device, requires_grad=True) for _ in range(2)]

    def forward(y):
        for i in range(2):
            y = F.relu(F.batch_norm(y, None, None, gamma[i], beta[i], training=True))
            y = F.conv2d(y, w[i], padding=1)
        return y

    forward = compiled(forward)

    def run():
        y = forward(x)
        for leaf in [x, *w, *gamma, *beta]:
            leaf.grad = None
        y.backward(dy)

    return run


class Mlp(torch.nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.first, self.second = torch.nn.Linear(width, hidden), torch.nn.Linear(hidden, width)

    def forward(self, t, x):
        return self.second(torch.tanh(self.first(x)))


def rk4_step(f, t, x, h):
    k1 = f(t, x)
    k2 = f(t + h / 2, x + h / 2 * k1)
    k3 = f(t + h / 2, x + h / 2 * k2)
    k4 = f(t + h, x + h * k3)
    return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def rk4(f, x, steps, horizon, step=rk4_step):
    h = horizon / steps
    for n in range(steps):
        x = step(f, n * h, x, h)
    return x


def by_hand(f, x, steps=32, horizon=1.):
    return rk4(f, x, steps, horizon)


def ends(x, horizon):
    return torch.tensor([0., horizon], dtype=x.dtype, device=x.device)


def by_torchdiffeq(f, x, steps=32, horizon=1.):
    return torchdiffeq.odeint(f, x, ends(x, horizon), method="rk4",
                              options={"step_size": horizon / steps})[1]


def by_its_adjoint(f, x, steps=32, horizon=1.):
    return torchdiffeq.odeint_adjoint(f, x, ends(x, horizon), method="rk4",
                                      options={"step_size": horizon / steps})[1]


def gradient_of(solve, f, x, compiled=same):
    """½ |x(T)|² by x and the parameters of f."""
    x.requires_grad_()
    loss = compiled(lambda x: .5 * solve(f, x).square().sum())

    def run():
        x.grad = None
        f.zero_grad()
        loss(x).backward()

    return run


def mlp_block(solve, dtype, batch=128, device="cpu", compiled=same):
    """64 → 64 tanh → 64, 32 steps of RK4, forward and back."""
    f = Mlp(64, 64).to(device, dtype)
    return gradient_of(solve, f, torch.randn(batch, 64, dtype=dtype, device=device), compiled)
