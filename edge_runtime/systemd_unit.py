"""The systemd unit of a listener."""

from __future__ import annotations

from collections.abc import Sequence

MARK = "# Made by edge-genre install-service"
"""The first line of a unit that is ours to replace."""

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@+=:,./_-")

_UNIT = """\
{mark}; `edge-genre install-service --help` tells how.
[Unit]
Description=edge-genre: what kind of music is playing
Documentation=man:systemd.service(5)
After=sound.target network.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={command}
ExecReload=/bin/kill -HUP $MAINPID
# A listener waits for its microphone and broker by itself; what ends it is a fault.
Restart=on-failure
RestartSec=10
# Wrong usage, a bad file, a missing extra: starting again would not help.
RestartPreventExitStatus=2 3
# The loop tells that it goes round; one that hangs in a driver is started anew.
WatchdogSec=60
TimeoutStopSec=15
Environment=PYTHONUNBUFFERED=1
{who}
# What it may do: hear, write its own files, talk to a broker.
NoNewPrivileges=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
UMask=0077
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
MemoryMax=300M
TasksMax=64

[Install]
WantedBy={target}
"""

_SYSTEM = """\
DynamicUser=yes
SupplementaryGroups=audio
StateDirectory=edge-genre
WorkingDirectory=/var/lib/edge-genre
DevicePolicy=closed
DeviceAllow=char-alsa rw
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
# An environment in somebody's home must be readable; nothing there is written.
ProtectHome=read-only
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
RemoveIPC=yes"""

_USER = """\
StateDirectory=edge-genre
WorkingDirectory=%S/edge-genre"""


def unit(command: Sequence[str], *, user: bool) -> str:
    """The text of a unit.

    Parameters
    ----------
    command : sequence of str
        What to start: an absolute path and its arguments.
    user : bool
        For a user's own service manager, which reaches PulseAudio or PipeWire; else for the
        system's, which runs it as a user of its own that may reach ALSA's devices.
    """
    return _UNIT.format(
        mark=MARK,
        command=" ".join(map(quote, command)),
        who=_USER if user else _SYSTEM,
        target="default.target" if user else "multi-user.target",
    )


def quote(argument: str) -> str:
    """An argument as a unit's ``ExecStart=`` takes it.

    ``%`` is a specifier and ``$`` a variable there, so both are doubled; all else that is not
    plain is put between quotes, with C's escapes (systemd.service(5), "Command lines";
    systemd.syntax(7), "Quoting").
    """
    doubled = argument.replace("%", "%%").replace("$", "$$")
    if argument and _PLAIN.issuperset(argument):
        return doubled
    escaped = "".join(_ESCAPES.get(character, character) for character in doubled)
    return f'"{"".join(map(_printable, escaped))}"'


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _printable(character: str) -> str:
    """A control character by its number; a byte that is no UTF-8, which Python keeps so, too."""
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return character if code >= 0x20 and code != 0x7F else f"\\x{code:02x}"
