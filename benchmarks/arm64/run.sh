#!/usr/bin/env bash
# Installs our wheel into a Debian arm64 root and compares what it answers there with this machine.
#
# Needs root on Debian or Ubuntu, 1.5 GB of disk and about ten minutes; the root is kept in
# .arm64/ for the next time. Where it cannot be done it says why, and ends with 0.
set -euo pipefail
cd "$(dirname "$0")/../.."

skip() { echo "skipped: $1"; exit 0; }
[[ $(uname -s) == Linux ]] || skip "needs Linux"
[[ $(id -u) == 0 ]] || skip "needs root, to make and enter another system's root"
command -v apt-get >/dev/null || skip "needs Debian or Ubuntu (debootstrap, qemu-user-static)"

work=$PWD/.arm64
root=$work/root
python=${PYTHON:-python3}
mkdir -p "$work"

if ! command -v debootstrap >/dev/null || ! command -v qemu-aarch64-static >/dev/null; then
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends debootstrap qemu-user-static
fi

# The kernel runs programs of ARM by qemu; what was not registered before is taken back at the end.
binfmt=/proc/sys/fs/binfmt_misc
mounted=no registered=no
cleanup() {
  [[ $registered == yes ]] && echo -1 > $binfmt/qemu-aarch64
  [[ $mounted == yes ]] && umount $binfmt
  return 0
}
trap cleanup EXIT
if [[ $(uname -m) != aarch64 ]]; then
  if [[ ! -e $binfmt/register ]]; then
    mount -t binfmt_misc binfmt_misc $binfmt 2>/dev/null || skip "the kernel has no binfmt_misc"
    mounted=yes
  fi
  if [[ ! -e $binfmt/qemu-aarch64 ]]; then
    format=/usr/lib/binfmt.d/qemu-aarch64.conf
    [[ -e $format ]] || skip "qemu-user-static brings no $format"
    cat "$format" > $binfmt/register
    registered=yes
  fi
fi
# The default, "max", is an ARM with everything, and twenty times slower to emulate.
export QEMU_CPU=cortex-a72

if [[ ! -e $root/.complete ]]; then
  rm -rf "$root"
  mirror=$(sed -n 's/^\(deb \|URIs: *\)\(\[[^]]*\] \)\?\(http[^ ]*debian\)\/\?\( .*\)\?$/\3/p' \
    /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | sed -n '/security/!{p;q}' || true)
  debootstrap --arch=arm64 --foreign --variant=minbase \
    --include=python3,python3-venv,python3-pip,ca-certificates,libportaudio2 \
    bookworm "$root" "${mirror:-http://deb.debian.org/debian}"
  chroot "$root" /debootstrap/debootstrap --second-stage
  touch "$root/.complete"
fi

# Wheels are fetched here, where it is fast, and installed there.
wheels=$root/wheels
rm -rf "$wheels" && mkdir -p "$wheels"
"$python" -m pip wheel --quiet --no-deps --wheel-dir "$wheels" .
platforms=()
for glibc in 2_28 2_27 2_17; do platforms+=(--platform "manylinux_${glibc}_aarch64"); done
"$python" -m pip download --quiet --dest "$wheels" --only-binary=:all: --implementation cp \
  --python-version 3.11 "${platforms[@]}" --platform manylinux2014_aarch64 "$wheels"/edge_genre-*.whl
rm -rf "$root/venv"
chroot "$root" python3 -m venv /venv
chroot "$root" /venv/bin/pip install --quiet --no-index --find-links /wheels edge-genre

# The same program on both: what this machine answers is recorded, what ARM answers is compared.
cp benchmarks/arm64/check.py "$root/check.py"
record=$root/recorded.npz
"$python" benchmarks/arm64/check.py record "$record"
chroot "$root" /venv/bin/python /check.py compare /recorded.npz | tee "$work/result.txt"
