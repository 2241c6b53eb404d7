"""A whole library of music: its files labelled, its long recordings cut into segments, reports."""
