"""A classifier on a stream: chunks of sound in, an `event.Event` for each window out.

`classifier_stream` is the public class; `window_scheduler` cuts its windows, `loop` feeds it from a
source, `session` describes what stays the same while it runs.
"""
