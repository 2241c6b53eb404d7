"""Features of a data set: computed once, kept on disk, mapped into memory."""
