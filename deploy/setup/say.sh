# Sourced by the other scripts of this folder: how they speak, and a few questions they share.

step() { printf '\033[1m==>\033[0m %s\n' "$*"; }
note() { printf '    %s\n' "$*"; }
fail() { printf '\033[1mStopped:\033[0m %s\n' "$*" >&2; exit 1; }

has() { command -v "$1" >/dev/null 2>&1; }
may_install() { [ "$(id -u)" = 0 ] && has apt-get; }

# What a stamp file says when the named inputs are as they were.
fingerprint() { cat "$@" | sha256sum | cut -d' ' -f1; }

_lists_are_fresh=""
install_packages() {
    if [ -z "$_lists_are_fresh" ]; then
        apt-get update -qq || note "apt-get update failed; going on with the lists that are there."
        _lists_are_fresh=yes
    fi
    # RUNLEVEL=1: a freshly installed PostgreSQL or Redis must not start as a service here
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
