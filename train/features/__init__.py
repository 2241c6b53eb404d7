"""Features of a data set: computed once, cached on disk, mapped into memory."""
