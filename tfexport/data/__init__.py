"""Named arrays <-> files, in batches, never all at once.

Reading::

    sources = reading.open_sources(["x=x.npy", "rows.csv"], inputs)   # what stands after --input
    feed = feeding.open_feed(sources, inputs, cast=False)             # checked against the inputs
    arrays = feed.read()                                              # or: feed.batches(size)

Writing::

    with writing.open_sink("out.npz", outputs, with_rows=names, force=False) as sink:
        sink.write(arrays)                                            # once, or batch by batch

A file format is one module of ``formats/``, a line in ``finding.py`` to be read and a line in
``writing.py`` to be written.
"""
