#!/usr/bin/env bash
# Brings the system packages that pip cannot: `bootstrap.sh` for the app, `bootstrap.sh training` also for
# the tools that render the starter's music, `bootstrap.sh tests` for what the tests use besides. Does nothing when all is there; installs with apt as root, else
# prints the one line to type.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()

need_command() { command -v "$1" >/dev/null || missing+=("$2"); }
need_file() { [ -e "$1" ] || missing+=("$2"); }
need_library() { compgen -G "/usr/lib*/$1" >/dev/null || compgen -G "/usr/lib/*/$1" >/dev/null || missing+=("$2"); }

need_command make make
if [ ! -x .venv/bin/python ]; then
    python=$(command -v python3.11 || command -v python3 || true)
    if [ -z "$python" ]; then
        missing+=(python3 python3-venv)
    elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        missing+=(python3-venv)
    fi
fi
if [ "$(uname)" = Linux ]; then # what Qt's window and sound stand on
    need_library libEGL.so.1 libegl1
    need_library libGL.so.1 libgl1
    need_library libfontconfig.so.1 libfontconfig1
    need_library libglib-2.0.so.0 libglib2.0-0
    need_library libdbus-1.so.3 libdbus-1-3
    need_library libxkbcommon-x11.so.0 libxkbcommon-x11-0
    need_library libpulse.so.0 libpulse0
    need_library libgssapi_krb5.so.2 libgssapi-krb5-2 # QtMultimedia stands on QtNetwork
    need_library libXrandr.so.2 libxrandr2
    need_library libasound.so.2 libasound2 # for MIDI
    for name in cursor.so.0 icccm.so.4 image.so.0 keysyms.so.1 randr.so.0 render-util.so.0 shape.so.0 xkb.so.1; do
        need_library "libxcb-$name" "libxcb-${name%%.so*}${name##*.}"
    done
fi
if [ "${1:-}" = tests ]; then # a window that nobody sees, a hand for it, a cluster of one
    need_command Xvfb xvfb
    need_command xdotool xdotool
    need_command slurmctld slurm-wlm
    need_command munged munge
fi
if [ "${1:-}" = training ] || [ "${1:-}" = tests ]; then
    need_command mma mma
    need_command fluidsynth fluidsynth
    need_command espeak-ng espeak-ng
    [ "$(uname)" != Linux ] || need_library libatomic.so.1 libatomic1 # for pedalboard
    need_file /usr/share/sounds/sf2/FluidR3_GM.sf2 fluid-soundfont-gm
fi

[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "Please install these with your system's package manager: ${missing[*]}" >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "Please type: sudo apt-get install ${missing[*]}" >&2
    exit 1
fi
apt-get update -q
DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
