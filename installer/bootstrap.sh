#!/usr/bin/env bash
# Brings the system packages that pip cannot: `bootstrap.sh` for the app, `bootstrap.sh training` also for
# the tools that render the starter's music. Does nothing when all is there; installs with apt as root, else
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
if [ "${1:-}" = training ]; then
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
