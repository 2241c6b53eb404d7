"""The systemd unit of a listener."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

MARK = "# Made by edge-genre install-service"
"""Begins a file that `install-service` wrote and may replace"""

STATE = Path("/var/lib/edge-genre")
"""The folder of a service of the system, where it starts and may write"""

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@+=:,./_-")


@dataclass(frozen=True, kw_only=True)
class Service:
    """What systemd starts, as which user, and what that may do."""

    command: Sequence[str]
    """An absolute path and its arguments"""
    user_manager: bool = False
    """For a user's own service manager, which reaches PulseAudio or PipeWire"""
    account: str | None = None
    """User of the system; None: one that exists only while the service runs"""
    network: bool = True
    """Whether it may talk to other machines"""
    writable: Sequence[Path] = ()
    """Folders that it may write to besides its own"""
    secrets: Mapping[str, Path] = field(default_factory=dict)
    """Files that only root can read; systemd hands the service a copy, which the option names"""


_UNIT = """\
{mark}; see `edge-genre install-service --help`.
[Unit]
Description=edge-genre: what kind of music is playing
Documentation=man:systemd.service(5)
{order}
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={command}
ExecReload=/bin/kill -HUP $MAINPID
# listen waits for its microphone and broker by itself; only a fault ends it.
Restart=on-failure
RestartSec=10
# Wrong usage, a bad file: starting again would not help.
RestartPreventExitStatus=2 3
# The loop sends signs of life; one that hangs in a driver is started again.
WatchdogSec=60
TimeoutStopSec=15
SyslogIdentifier=edge-genre
{who}
# What it may do: record, write its own files{talk}.
NoNewPrivileges=yes
RestrictAddressFamilies={families}
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
KeyringMode=private
UMask=0077
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
# Not MemoryDenyWriteExecute: PortAudio's callback into Python is code made while it runs.
MemoryMax=300M
TasksMax=64

[Install]
WantedBy={target}
"""

# DeviceAllow=char-alsa needs the number of that device class, which exists once the module is
# loaded; without a sound card that is when a microphone is plugged in.
_ORDER = """\
Wants=modprobe@snd.service
After=modprobe@snd.service sound.target network.target"""

_SYSTEM = """\
{user}
SupplementaryGroups=audio
StateDirectory=edge-genre
WorkingDirectory={state}
DevicePolicy=closed
DeviceAllow=char-alsa rw
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
# Python's environment may lie in a home, which must be readable; nothing there is written.
ProtectHome=read-only
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible"""

_USER = """\
StateDirectory=edge-genre
WorkingDirectory=%S/edge-genre"""


def unit(service: Service) -> str:
    """The text of a unit."""
    who, order = _USER, "After=sound.target pipewire-pulse.service pulseaudio.service"
    if not service.user_manager:
        order = _ORDER
        user = f"User={service.account}" if service.account else "DynamicUser=yes"
        lines = [_SYSTEM.format(user=user, state=STATE)]
        lines += [
            f"ReadWritePaths={quote(str(path), variables=False)}" for path in service.writable
        ]
        lines += [
            f"LoadCredential={option}:{str(path).replace('%', '%%')}"
            for option, path in service.secrets.items()
        ]
        who = "\n".join(lines)
    command = [quote(argument) for argument in service.command]
    command += [f"--{option}=%d/{option}" for option in service.secrets]
    return _UNIT.format(
        mark=MARK,
        order=order,
        command=" ".join(command),
        who=who,
        talk=", talk to a broker" if service.network else "",
        families="AF_UNIX AF_INET AF_INET6" if service.network else "AF_UNIX",
        target="default.target" if service.user_manager else "multi-user.target",
    )


def quote(argument: str, *, variables: bool = True) -> str:
    """An argument as a unit's ``ExecStart=`` takes it.

    ``%`` is a specifier and ``$`` a variable there, so both are doubled. An argument with any other
    special character is quoted, with C's escapes (systemd.service(5), "Command lines";
    systemd.syntax(7), "Quoting").

    Parameters
    ----------
    argument : str
    variables : bool
        False outside of commands, where a dollar is only a dollar.
    """
    doubled = argument.replace("%", "%%")
    if variables:
        doubled = doubled.replace("$", "$$")
    if argument and _PLAIN.issuperset(argument):
        return doubled
    escaped = "".join(_ESCAPES.get(character, character) for character in doubled)
    return f'"{"".join(map(_printable, escaped))}"'


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _printable(character: str) -> str:
    """The character, or its number if it is a control character or a byte that is not UTF-8."""
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return character if code >= 0x20 and code != 0x7F else f"\\x{code:02x}"
