"""Sound before the front end: files, PCM, conditioning, resampling, windows."""
