#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The jobs of three of our benchmarks done by PyTorch, in turns with our programs.

    python3 benchmarks/peers/pytorch.py build/release/benchmarks [--rounds 9] [--only conv]

Needs PyTorch, and torchdiffeq for two of the rows; installs nothing. One thread each. A row is a
job: our time, then theirs over ours, so more than 1 means that ours is faster; medians of the rounds'
CPU times, ± half the interquartile range over the median, the larger of the two. `memory` is by how
much the job makes a process grow, in MB, the code it loads included: not less than its arrays take
(ours where the program tells: those of the heap). For a pendulum step it is nothing but code, and left out.
"""

import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
import torch
import torch.nn.functional as F
from torch_models import (Mlp, by_hand, by_its_adjoint, by_torchdiffeq, conv_block, mlp_block, rk4,
                          torchdiffeq)


def pendulum_step(batch, dtype):
    """2 → 50 tanh → 2, a step of RK4, mean squared error, Adam."""
    f = Mlp(2, 50).to(dtype)
    optimiser = torch.optim.Adam(f.parameters(), lr=1e-3)
    x0, x1 = torch.randn(batch, 2, dtype=dtype), torch.randn(batch, 2, dtype=dtype)

    def run():
        optimiser.zero_grad()
        F.mse_loss(rk4(f, x0, 1, .1), x1).backward()
        optimiser.step()

    return run


def jobs():
    """(job, program, benchmark, {contender: run})."""
    for channels, size in ((16, 32), (32, 16), (64, 8)):
        yield (f"conv block {channels}x{size}x{size}", "conv",
               f"block_gradient/{channels}x{size}x{size}/kutta",
               {"NCHW": lambda c=channels, s=size: conv_block(c, s, torch.contiguous_format),
                "channels_last": lambda c=channels, s=size: conv_block(c, s, torch.channels_last)})
    for name, dtype in (("float", torch.float32), ("double", torch.float64)):
        runs = {"by hand": lambda d=dtype: mlp_block(by_hand, d)}
        if torchdiffeq:
            runs["torchdiffeq"] = lambda d=dtype: mlp_block(by_torchdiffeq, d)
            runs["its adjoint"] = lambda d=dtype: mlp_block(by_its_adjoint, d)
        yield f"mlp block {name}", "gradients", f"mlp/{name}/tile:32", runs
    for batch in (1, 256):
        for name, dtype in (("float", torch.float32), ("double", torch.float64)):
            yield (f"pendulum step {name} batch {batch}", "pendulum_step",
                   f"pendulum/{name}/batch:{batch}/dynamic/kutta",
                   {"eager": lambda b=batch, d=dtype: pendulum_step(b, d)})


def our_time(program, name):
    """Seconds, and bytes if the program tells."""
    done = subprocess.run([program, f"--benchmark_filter=^{name}$", "--benchmark_format=json",
                           "--benchmark_min_time=0.3"], capture_output=True, text=True)
    found = json.loads(done.stdout)["benchmarks"] if done.returncode == 0 and done.stdout else []
    if not found:
        sys.exit(f"pytorch.py: {program} has no benchmark {name}: {done.stderr.strip()}")
    unit = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}[found[0]["time_unit"]]
    return found[0]["cpu_time"] * unit / found[0].get("operations", 1), found[0].get("bytes")


def their_time(run, seconds=.3):
    run()
    count, start = 0, time.process_time()
    while count < 3 or time.process_time() - start < seconds:
        run()
        count += 1
    return (time.process_time() - start) / count


def growth(make):
    """MB by which a process of its own grows over three runs."""
    read, write = os.pipe()
    if os.fork() == 0:
        torch.randn(8, 8, requires_grad=True).square().sum().backward()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        run = make()
        for _ in range(3):
            run()
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        os.write(write, str(grown * 1024 / 1e6).encode())
        os._exit(0)
    os.wait()
    os.close(write)
    return float(os.read(read, 64))


def readable(seconds):
    return f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3g} µs"


def spread(values):
    if len(values) < 4:
        return 0
    low, _, high = statistics.quantiles(values, n=4)
    return (high - low) / 2 / statistics.median(values)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("programs", type=pathlib.Path, help="the directory of the benchmarks")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", default="", help="jobs whose name contains this")
    how = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print(f"PyTorch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, oneDNN "
          f"{'on' if torch.backends.mkldnn.is_available() else 'off'}, torchdiffeq "
          f"{torchdiffeq.__version__ if torchdiffeq else 'absent'}; 1 thread\n")
    print("| job | ours | contender | its time over ours | ± | memory, MB | ours, MB |")
    print("|---|---:|---|---:|---:|---:|---:|")
    chosen = [job for job in jobs() if how.only in job[0]]
    # First of all: what a process has freed hides how much it grows later.
    memory = {(job, c): "" if job.startswith("pendulum") else f"{growth(make):.1f}"
              for job, _, _, contenders in chosen for c, make in contenders.items()}
    for job, program, name, contenders in chosen:
        runs = {c: make() for c, make in contenders.items()}
        ours, theirs, size = [], {c: [] for c in runs}, None
        for _ in range(how.rounds):
            seconds, size = our_time(how.programs / program, name)
            ours.append(seconds)
            for contender, run in runs.items():
                theirs[contender].append(their_time(run))
        base = statistics.median(ours)
        for contender, times in theirs.items():
            print(f"| {job} | {readable(base)} | {contender} "
                  f"| {statistics.median(times) / base:.2f} "
                  f"| {100 * max(spread(ours), spread(times)):.0f} % | {memory[job, contender]} "
                  f"| {f'{size / 1e6:.1f}' if size else ''} |", flush=True)


if __name__ == "__main__":
    main()
