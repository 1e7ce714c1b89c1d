# Sourced by the scripts of this folder: where the program is, and how a run is stopped.
# shellcheck shell=bash

# Prints the program's path: SWIFT_LLM_TRAIN where set, else the release build of this checkout.
program_path() {
    local checkout program
    checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
    program=${SWIFT_LLM_TRAIN:-$checkout/.build/release/swift-llm-train}
    if [[ ! -x $program ]]; then
        echo "$program is not there; build it: swift build -c release --product swift-llm-train" >&2
        return 1
    fi
    printf '%s\n' "$program"
}

require_command() {
    if ! command -v "$1" > /dev/null; then
        echo "$1 is not installed; $2" >&2
        return 1
    fi
}

# OpenMPI refuses root without both.
allow_root() {
    if [[ $(id -u) == 0 ]]; then
        export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    fi
}

# Cores that this process may use; hardware threads of one core count once.
core_count() {
    local allowed cores
    allowed=$(nproc)
    cores=$(lscpu -p=Core,Socket 2> /dev/null | grep -v '^#' | sort -u | wc -l || true)
    if ((cores > 0 && cores < allowed)); then echo "$cores"; else echo "$allowed"; fi
}

# Runs a launcher (mpirun or srun) and returns its exit code.
#
# TERM, INT, HUP and Slurm's USR1 become one USR1 to the launcher, which forwards it: the run saves
# and exits 75; `stop_requested` then names the signal. A second INT ends the run at once. (TERM to
# mpirun itself would kill the ranks.)
run_until_done() {
    printf '+'
    printf ' %q' "$@"
    printf '\n'
    # Job control gives the launcher a process group of its own: Ctrl-C reaches this shell alone.
    set -m
    "$@" < /dev/null &
    launcher=$!
    set +m
    stop_requested=
    trap 'request_stop TERM' TERM
    trap 'request_stop HUP' HUP
    trap 'request_stop USR1' USR1
    trap 'if [[ $stop_requested ]]; then end_now; else request_stop INT; fi' INT
    local status=0 last
    wait "$launcher" || status=$?
    # A trapped signal ends `wait` before the launcher: wait again as long as that one lives, and
    # once more in case it ended in between. 127: its exit code was already taken.
    while kill -0 "$launcher" 2> /dev/null; do
        status=0
        wait "$launcher" || status=$?
    done
    last=0
    wait "$launcher" 2> /dev/null || last=$?
    if ((last != 127)); then status=$last; fi
    trap - TERM HUP USR1 INT
    return "$status"
}

request_stop() {
    if [[ $stop_requested ]]; then return; fi
    stop_requested=$1
    echo 'stopping: the run saves and exits 75 (Ctrl-C again ends it at once)' >&2
    kill -USR1 "$launcher" 2> /dev/null || true
}

end_now() {
    echo 'ending at once' >&2
    kill -TERM "$launcher" 2> /dev/null || true
}
