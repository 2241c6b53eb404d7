"""The faults a user can meet, one class per kind.

Every message says what was wrong, where, and what to do; the command line prints it on one line
and leaves with the class's exit code (documented in ``docs/reference/cli.md``).
"""


class EdgeGenreError(Exception):
    """Base of every error that edge-genre raises on purpose."""

    exit_code = 1
    """Exit code of the ``edge-genre`` command when it ends with this error."""


class ParameterError(EdgeGenreError, ValueError):
    """A parameter that makes no sense: the message names it, its value and the allowed range."""

    exit_code = 2


class StreamUseError(ParameterError):
    """A stream that was finished before, or that another thread uses at this moment."""


class AudioFormatError(EdgeGenreError):
    """Audio that cannot be read or understood."""

    exit_code = 3


class ModelFileError(EdgeGenreError):
    """A file that is not a model, has no manifest, or whose weights were changed."""

    exit_code = 3


class ManifestVersionError(ModelFileError):
    """A model written for a newer runtime than this one."""


class ConfigFileError(EdgeGenreError):
    """A configuration file that cannot be read, or holds a value that makes no sense."""

    exit_code = 2


class OutputFileError(EdgeGenreError):
    """A file for output (log, history, report) that cannot be written, or holds something else."""

    exit_code = 3


class DataSetError(EdgeGenreError):
    """A data set, split file or training run that cannot be used."""

    exit_code = 3


class AudioDeviceError(EdgeGenreError):
    """A microphone that is missing, busy or refuses the asked-for format."""

    exit_code = 4


class MissingDependencyError(EdgeGenreError):
    """A library that is not installed; the message names the command that installs it."""

    exit_code = 4


class MissingExtraError(MissingDependencyError):
    """An optional library that is not installed; the message names the pip extra."""

    def __init__(self, purpose: str, extra: str, otherwise: str = "") -> None:
        remedy = f'pip install "edge-genre[{extra}]"{"; " * bool(otherwise)}{otherwise}'
        super().__init__(f'{purpose} needs the extra "{extra}": {remedy}')
        self.extra = extra


class ModelWarning(UserWarning):
    """A model that can be run, but should not be trusted without a look at ``edge-genre info``."""


class ExportParityError(EdgeGenreError):
    """An exported model that does not reproduce the model it was made from."""
