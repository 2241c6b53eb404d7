#!/usr/bin/env bash
# Installs our wheel into a Debian root of an ARM and compares its results there with
# those here.
#
#   benchmarks/arm/run.sh arm64 [LOG]    a 64-bit Pi: LiteRT
#   benchmarks/arm/run.sh armhf [LOG]    a 32-bit Pi: Debian's numpy 1, tflite-runtime, no soxr
#
# Needs root on Debian or Ubuntu, 2 GB of disk and about ten minutes; the root is kept in .arm/ for
# the next time. Installs debootstrap and qemu-user-static where they are missing. Where it cannot
# be done it says why and ends with 0; where a result is wrong, with 1. PYTHON names the
# interpreter with our [dev] extra (.venv's), EDGE_GENRE_DATA real music to compare on as well. All
# paths are as seen from the checkout.
set -euo pipefail
cd "$(dirname "$0")/../.."
PATH=$PATH:/usr/sbin:/sbin

architecture=${1:-}
base=python3,python3-venv,python3-pip,ca-certificates,libportaudio2
case $architecture in
  # A Pi 4 and a Pi 2. "max", qemu's default, is an ARM with everything, and twenty times slower.
  arm64)
    machine=aarch64 cpu=cortex-a72 packages=$base
    features="fp asimd evtstrm crc32 cpuid" generation=8 part=0xd08
    ;;
  armhf)
    machine=arm cpu=cortex-a7 packages=$base,python3-numpy
    features="half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 lpae evtstrm"
    generation=7 part=0xc07
    ;;
  *) echo "usage: $0 arm64|armhf [LOG]" >&2; exit 2 ;;
esac

skip() { echo "skipped: $1"; exit 0; }
fail() { echo "$0: $1" >&2; exit 1; }
[[ $(uname -s) == Linux ]] || skip "needs Linux"
[[ $(id -u) == 0 ]] || skip "needs root, to make and enter another system's root: run it with sudo"
for command in unshare chroot flock; do
  command -v $command >/dev/null || skip "needs $command: install util-linux and coreutils"
done
# In a mount namespace of its own: whatever is mounted below goes with it, however this ends.
if [[ -z ${_ARM_NAMESPACE:-} ]]; then
  unshare --mount true 2>/dev/null ||
    skip "may not mount anything here: run it outside this container, or in a privileged one"
  _ARM_NAMESPACE=yes exec unshare --mount --propagation private bash benchmarks/arm/run.sh "$@"
fi

python=${PYTHON:-.venv/bin/python}
[[ -x $(command -v "$python") ]] || fail "no $python; make it with: make .venv/.dev"
work=$PWD/.arm/$architecture
root=$work/root
log=${2:-$work/result.log}
mkdir -p "$work" /run/lock
exec 9>"/run/lock/edge-genre-$architecture"
flock --nonblock 9 || fail "another run for $architecture is under way; wait for it"
rm -f "$work/node"
mknod "$work/node" c 1 3 2>/dev/null && : 2>/dev/null >"$work/node" ||
  skip "devices do not work in $work: needs the real root, and a file system without nodev"
rm "$work/node"

if [[ ! -x $(command -v debootstrap) || ! -x $(command -v "qemu-$machine-static") ]]; then
  command -v apt-get >/dev/null || skip "needs debootstrap and qemu-user-static: install them"
  {
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
      debootstrap qemu-user-static debian-archive-keyring
  } >"$work/apt.log" 2>&1 ||
    skip "apt-get cannot install debootstrap and qemu-user-static (see $work/apt.log): install them"
fi

# The kernel runs programs of ARM by qemu. Our entry goes at the end, also one of a killed run.
binfmt=/proc/sys/fs/binfmt_misc
entry=$binfmt/edge-genre-$architecture
recorded=$root/recorded
cleanup() {
  [[ ! -e $entry ]] || echo -1 >"$entry"
  rm -rf "$recorded" # it may hold windows of somebody's music
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
if [[ $(uname -m) != "$machine" ]]; then
  [[ -e $binfmt/register ]] || mount -t binfmt_misc binfmt_misc $binfmt 2>/dev/null ||
    skip "the kernel has no binfmt_misc: modprobe binfmt_misc, or use another machine"
  if [[ ! -e $entry && ! -e $binfmt/qemu-$machine ]]; then
    format=/usr/lib/binfmt.d/qemu-$machine.conf
    [[ -e $format ]] || skip "qemu-user-static brings no $format: install Debian's"
    sed "s/^:qemu-$machine:/:edge-genre-$architecture:/" "$format" >$binfmt/register ||
      skip "this kernel takes no binfmt_misc entry: run it outside this container"
  fi
fi

# Nothing of this machine's environment, pip's settings above all, reaches the other system.
in_root() {
  env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 QEMU_CPU=$cpu \
    PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore chroot "$root" "$@"
}

# The file is written last: a root whose making was interrupted, or of another recipe, is made anew.
recipe="bookworm $packages"
if [[ $(cat "$root/.complete" 2>/dev/null) != "$recipe" ]]; then
  echo "making a Debian $architecture root in $root: about eight minutes"
  rm -rf --one-file-system "$root"
  # Debian's mirror of this machine's own apt, else debootstrap's.
  mirror=$(sed -n 's/^\(deb \|URIs: *\)\(\[[^]]*\] \)\?\(http[^ ]*debian\)\/\?\( .*\)\?$/\3/p' \
    /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null | sed -n '1p' || true)
  debootstrap --arch="$architecture" --foreign --variant=minbase --include="$packages" \
    bookworm "$root" ${mirror:+"$mirror"} >"$work/debootstrap.log" 2>&1 ||
    skip "debootstrap cannot fetch Debian $architecture: see the end of $work/debootstrap.log"
  in_root /bin/true || skip "this kernel runs no programs of $machine"
  in_root /debootstrap/debootstrap --second-stage >>"$work/debootstrap.log" 2>&1 ||
    fail "debootstrap's second stage failed: see $work/debootstrap.log"
  echo "$recipe" >"$root/.complete"
fi
in_root /bin/true || skip "this kernel runs no programs of $machine"

# LiteRT asks which cores there are, and without an answer leaves its fast kernels (XNNPACK) alone:
# other ones than a Pi runs would be tested.
cores=$root/sys/devices/system/cpu
mkdir -p "$cores"
echo 0-3 | tee "$cores/possible" >"$cores/present"
for core in 0 1 2 3; do
  printf '%s\t: %s\n' processor $core Features "$features" "CPU implementer" 0x41 \
    "CPU architecture" $generation "CPU variant" 0x0 "CPU part" $part "CPU revision" 3
  echo
done >"$root/proc/cpuinfo"

# Wheels are fetched here, where it is fast, and installed there.
wheels=$root/wheels
rm -rf "$wheels" "$root/venv" && mkdir -p "$wheels"
"$python" -m pip wheel --quiet --no-deps --wheel-dir "$wheels" .
fetch=("$python" -m pip download -qq --dest "$wheels" --only-binary=:all:
  --implementation cp --python-version 3.11)
site=()
case $architecture in
  arm64)
    for glibc in 2_28 2_27 2_17; do fetch+=(--platform "manylinux_${glibc}_aarch64"); done
    "${fetch[@]}" --platform manylinux2014_aarch64 "$wheels"/edge_genre-*.whl
    ;;
  armhf)
    # pip judges markers by the machine that fetches, so what a 32-bit ARM gets is named here; numpy
    # is Debian's, since there is no such wheel of it.
    "${fetch[@]}" --no-deps --platform manylinux_2_34_armv7l "tflite-runtime>=2.14" \
      "threadpoolctl>=3.5"
    site=(--system-site-packages)
    ;;
esac
in_root python3 -m venv "${site[@]}" /venv
in_root /venv/bin/pip install --quiet --no-index --find-links /wheels edge-genre

if [[ $architecture == arm64 ]]; then
  output=$(in_root /venv/bin/python -c "
from ai_edge_litert.interpreter import Interpreter
from edge_runtime.model.file import read_model
Interpreter(model_content=read_model('tiny').network).allocate_tensors()" 2>&1)
  [[ $output == *XNNPACK* ]] || fail "LiteRT runs without XNNPACK, as on no Pi: $output"
fi

# The same program on both, there with the package from the wheel: this machine's results are
# recorded, the ARM's are compared.
export PYTHONPATH=$PWD
rm -rf "$recorded" && mkdir "$recorded"
"$python" -m benchmarks.arm.record "$recorded"
cp --parents benchmarks/{,arm/,footprint/}__init__.py benchmarks/arm/check.py \
  benchmarks/footprint/installed.py "$recorded"
in_root env PYTHONPATH=/recorded /venv/bin/python -m benchmarks.arm.check /recorded | tee "$work/result.log"
[[ $log == "$work/result.log" ]] || cp "$work/result.log" "$log"
