"""A clock that the test moves."""


class Clock:
    """Seconds that pass with each sleep and capture."""

    def __init__(self):
        self.now, self.slept = 1000.0, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds
