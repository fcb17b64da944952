"""The file formats, a module each: how one is read, and how it is written."""
