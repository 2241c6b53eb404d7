#!/usr/bin/env bash
# Runs a command as an ordinary user who cannot find the system packages that tests use: in a mount
# namespace of its own, over copies of /usr and /etc that lack them. Nothing outside changes.
# Needs root, unshare and setpriv (util-linux) and overlayfs.
set -euo pipefail

if [[ ${IN_NAMESPACE:-} != yes ]]; then
  IN_NAMESPACE=yes exec unshare --mount "$0" "$@"
fi
unset IN_NAMESPACE REQUIRE_SYSTEM_PACKAGES

layers=$(mktemp -d)
mount -t tmpfs tmpfs "$layers"
for folder in usr etc root; do
  mkdir -p "$layers/$folder/"{upper,work}
  mount -t overlay overlay \
    -o "lowerdir=/$folder,upperdir=$layers/$folder/upper,workdir=$layers/$folder/work" "/$folder"
done
programs=(arecord aplay c++ cc chromium chromium-browser espeak-ng ffmpeg g++ gcc mosquitto openssl pactl
  paplay pulseaudio systemd-analyze)
for program in "${programs[@]}"; do
  rm -f "/usr/bin/$program" "/usr/sbin/$program" "/usr/local/bin/$program"
done
find /usr -name 'libportaudio.so*' -delete
find /usr -name 'libasound_module_pcm_pulse.so' -delete
ldconfig
chmod a+rx /root  # where some machines keep their Python

home=$(mktemp -d)
chown 65534:65534 "$home"
export HOME=$home TMPDIR=$home
python=$PWD/$(dirname "$1")/python
user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
if ! "${user[@]}" test -x "$python"; then
  echo "$PWD is closed to others: the tests run as root" >&2
  user=()
fi
"${user[@]}" "$python" -c '
import sys
from tests.system_packages import PACKAGES, missing
found = set(PACKAGES) - set(missing(PACKAGES))
sys.exit(f"still there: {found}" if found else 0)'
"${user[@]}" "$@"
