"""Every single call as a row of CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from tfexport.benching.measuring import Measured

COLUMNS = ("batch_size", "concurrency", "caller", "start_s", "seconds")


def format_csv(measured: Sequence[Measured]) -> str:
    """A header, and a row a call, in the order in which they began."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for found in measured:
        size, callers = found.measurement.batch_size, found.measurement.concurrency
        for call in found.calls:
            start, seconds = f"{call.start:.9f}", f"{call.seconds:.9f}"
            writer.writerow(["" if size is None else size, callers, call.caller, start, seconds])
    return text.getvalue()
