"""Named arrays <-> files, in batches, never all at once.

``feeding.open_feed`` turns what a user wrote after ``--input`` into the arrays of a signature;
``writing.open_sink`` turns arrays into a file or a folder. A file format is one module of
``formats/`` and a line in ``reading.py`` and ``writing.py``.
"""
