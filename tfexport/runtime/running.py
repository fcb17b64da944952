"""Runs a prepared signature over its inputs: all at once, or batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tfexport.data.arrays import Array, Arrays
from tfexport.data.batching import (
    count_rows,
    fixed_batch,
    outputs_with_rows,
    pad_rows,
    trim_rows,
)
from tfexport.data.feeding import Feed
from tfexport.runtime.blocks import batches_in_block, group_outputs, join_outputs, split_block
from tfexport.runtime.engine import Call
from tfexport.runtime.streaming import read_ahead, write_behind
from tfexport.runtime.tuning import tune_call
from tfexport.savedmodel.description import Signature

Write = Callable[[Arrays], None]
Advance = Callable[[int], None]


@dataclass(frozen=True)
class Run:
    """A signature, the call that runs it, and what it is fed with.

    ``defaults`` are the values of inputs that the feed does not give.
    """

    signature: Signature
    call: Call
    feed: Feed
    defaults: Mapping[str, Array]

    def run_whole(self, write: Write) -> None:
        """One call over all values."""
        write(self.call({**self.defaults, **self.feed.read()}))

    def run_batches(self, size: int, write: Write, advance: Advance) -> None:
        """A call for every ``size`` rows; reading, running and writing overlap.

        Where the signature's batch is fixed, a short last batch is filled up by repeating its
        last row, and its outputs are cut. ``advance`` is told the rows that are done.
        """

        def write_group(group: Sequence[Arrays]) -> None:
            write(join_outputs(group))

        with write_behind(write_group) as write_later:
            batches = self._batches(size, advance)
            for group in group_outputs(batches, row_outputs(self.signature)):
                write_later(group)

    def _batches(self, size: int, advance: Advance) -> Iterator[Arrays]:
        specs = [tensor.graph_spec for tensor in self.signature.inputs]
        with_rows, fixed = self.feed.with_rows, fixed_batch(specs)
        cut = row_outputs(self.signature)
        fed = [spec for spec in specs if spec.name in with_rows]
        call = tune_call(self.call)
        for block in read_ahead(self.feed.batches(size, together=batches_in_block(fed, size))):
            batches = [{**self.defaults, **batch} for batch in split_block(block, with_rows, size)]
            counts = [count_rows({name: batch[name] for name in with_rows}) for batch in batches]
            if fixed is not None:
                batches = [pad_rows(batch, with_rows, fixed) for batch in batches]
            for rows, outputs in zip(counts, call.call_each(batches), strict=True):
                yield outputs if fixed is None else trim_rows(outputs, cut, rows)
                advance(rows)


def row_outputs(signature: Signature) -> frozenset[str]:
    """The outputs of a signature that have a row for each row of its inputs."""
    fixed = fixed_batch([tensor.graph_spec for tensor in signature.inputs])
    return outputs_with_rows([tensor.graph_spec for tensor in signature.outputs], fixed)
