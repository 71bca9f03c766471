#!/usr/bin/env bash
# Write requirements.lock and requirements-dev.lock: the versions of all packages, direct and indirect, for every
# platform and every Python from 3.11. Needs uv (requirements-dev.txt). Arguments go to uv: --upgrade takes the newest
# versions of indirect dependencies, without it those in the lock files stay.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"

# What the CUDA build of torch needs on Linux is left out: torch itself pins these packages, and its CPU build has none.
cuda='^(cuda-|nvidia-|triton==)'

lock() {
    local name=$1
    shift
    uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --no-annotate --no-header \
        "$name.txt" --output-file "$name.lock" "$@"
    { echo "# Written by envs/lock.sh from $name.txt."; grep -Ev "$cuda" "$name.lock"; } > "$name.new"
    mv "$name.new" "$name.lock"
}

lock requirements "$@"
lock requirements-dev --constraint requirements.lock "$@"
