#!/usr/bin/env bash
# Debian's packages that the site (packages.sh run) or its tests (packages.sh test) need.
# Looks for what a package brings, not for the package, so that any other way to have it counts.
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/setup/say.sh

program() { has "$1" || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ]; }
libraries=$(ldconfig -p 2>/dev/null || /sbin/ldconfig -p)
library() { [[ $libraries == *"$1"* ]]; }
postgres() { program postgres || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; }

r_reads_json() { compgen -G '/usr/*/R/*library/jsonlite' >/dev/null; }

missing=()
need() { # need PACKAGE QUESTION...
    local package=$1
    shift
    "$@" || missing+=("$package")
}

need git program git
need bubblewrap program bwrap
need libglib2.0-0 library libglib-2.0.so.0
need libsm6 library libSM.so.6
need libxext6 library libXext.so.6
need libxrender1 library libXrender.so.1
need libgomp1 library libgomp.so.1
need curl program curl
if [ "${1:-run}" = test ]; then
    need postgresql postgres
    need redis-server program redis-server
    need docker.io program dockerd
    need iptables program iptables
    need iproute2 program ip
    need linux-libc-dev test -e /usr/include/asm-generic/unistd.h
    need gcc program gcc
    need r-base-core program Rscript
    need r-cran-jsonlite r_reads_json
    if [ -z "${CHROMIUM:-}" ] && ! program chromium-browser; then need chromium program chromium; fi
fi

[ ${#missing[@]} -gt 0 ] || exit 0
if may_install; then
    step "Installing ${missing[*]}"
    install_packages "${missing[@]}" || for package in "${missing[@]}"; do
        install_packages "$package" || note "The package $package could not be installed."
    done
    exit 0
fi
note "Missing on this machine: ${missing[*]}"
note "Install them with: sudo apt-get install ${missing[*]}"
if [ "${1:-run}" = test ]; then
    note "The tests that need them will fail."
else
    note "The site starts without them; sandboxes need bubblewrap (or a Docker Engine), and"
    note "the OpenCV demo needs the libraries."
fi
