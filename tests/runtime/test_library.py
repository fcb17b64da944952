"""The C library is found, opened quietly, and keeps its symbols to itself."""

from __future__ import annotations

import subprocess
import sys

from tfexport.runtime.library import library_path, open_library


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )


def test_the_library_is_found_beside_the_installed_package() -> None:
    path = library_path()
    assert path is not None
    assert path.parent.name == "tensorflow"


def test_it_tells_its_version() -> None:
    assert open_library().TF_Version().startswith(b"2.")


def test_opening_it_writes_nothing_and_loads_no_python_of_tensorflow() -> None:
    run = run_python(
        "from tfexport.runtime.library import open_library; open_library()\n"
        "import sys; print([m for m in sys.modules if m.startswith('tensorflow')])"
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "[]\n", "")


def test_a_module_that_needs_openssl_can_be_imported_after_it() -> None:
    # With its symbols visible to all, its BoringSSL was taken for OpenSSL: a segmentation fault.
    run = run_python(
        "from tfexport.runtime.library import open_library; open_library()\n"
        "import hashlib; print(hashlib.sha256(b'').hexdigest()[:8])"
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "e3b0c442\n", "")
