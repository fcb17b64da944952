"""The machine and the process that a measurement was made on and in."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from pathlib import Path

import tfexport
from tfexport.benching.report import Machine, Versions


def describe_machine() -> Machine:
    """System, processor, and the CPUs that this process may use."""
    return Machine(f"{platform.system()} {platform.release()}", _processor(), count_cpus())


def count_cpus() -> int:
    """The CPUs that this process may use: a container may have fewer than the machine."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def read_versions() -> Versions:
    """The versions of what has a part in a call."""
    return Versions(
        tfexport.__version__,
        _tensorflow_version(),
        importlib.metadata.version("numpy"),
        platform.python_version(),
    )


def _tensorflow_version() -> str:
    # The distribution goes by several names (tensorflow-cpu, tf-nightly): the library knows.
    from tfexport.runtime.library import library_path, open_library

    if library_path() is not None:
        return str(open_library().TF_Version().decode())
    return importlib.metadata.version("tensorflow")


def peak_memory() -> int | None:
    """The most memory that this process has held, in bytes; None where nobody can say."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def count_threads() -> int | None:
    """The threads of this process; None where the system does not say."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.is_dir() else None


def load_average() -> float | None:
    """How many processes wanted to run, in the last minute."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None
