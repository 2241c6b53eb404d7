"""Tracks, genres and splits: what there is to train and validate on."""
