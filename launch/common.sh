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

# Prints the processors that this process may use, as lscpu does: "processor,core,socket,domain".
allowed_processors() {
    local list
    list=$(awk '$1 == "Cpus_allowed_list:" { print $2 }' /proc/self/status 2> /dev/null || true)
    { lscpu -p=CPU,Core,Socket,Node 2> /dev/null || true; } | awk -F, -v list="$list" '
        BEGIN {
            count = split(list, runs, ",")
            for (i = 1; i <= count; i++) {
                last = split(runs[i], ends, "-")
                for (p = ends[1]; p <= ends[last]; p++) allowed[p] = 1
            }
        }
        !/^#/ && ($1 in allowed)'
}

# Cores that this process may use; hardware threads of one core count once.
core_count() {
    local cores
    cores=$(allowed_processors | cut -d, -f2,3 | sort -u | wc -l)
    if ((cores > 0)); then echo "$cores"; else nproc; fi
}

# NUMA domains of these cores.
domain_count() {
    local domains
    domains=$(allowed_processors | cut -d, -f4 | sort -u | wc -l)
    echo $((domains > 0 ? domains : 1))
}

# Ranks for this machine: one a core up to 8 cores, above that one a NUMA domain, with its cores as
# threads: fewer ranks then hold fewer copies, and each keeps to its own memory.
rank_count() {
    local cores
    cores=$(core_count)
    if ((cores <= 8)); then echo "$cores"; else domain_count; fi
}

# Passes lines on until nobody reads them any more, and then throws them away: a terminal or a
# reader that is gone ends no run. Ctrl-C and the end of the terminal reach the launcher's shell alone.
relay() {
    trap '' INT TERM HUP USR1 PIPE
    cat 2> /dev/null || true
    exec cat > /dev/null
}

# Writes a line about the run to standard error, where that is still there.
remark() { echo "$1" >&2 2> /dev/null || true; }

# Waits until the relays have written what is left, but not for long: a process that outlives the
# launcher may hold their pipes open.
finish_relays() {
    local tenths relay
    exec 3>&- 4>&-
    for relay in "$@"; do
        for ((tenths = 0; tenths < 50; tenths++)); do
            if ! kill -0 "$relay" 2> /dev/null; then break; fi
            sleep 0.1
        done
    done
}

# Runs a launcher (mpirun or srun) and returns its exit code.
#
# TERM, INT, HUP and Slurm's USR1 become one USR1 to the launcher, which forwards it: the run saves
# and exits 75; `stop_requested` then names the signal. A second INT ends the run at once. (TERM to
# mpirun itself would kill the ranks.)
run_until_done() {
    local status=0 last relays
    # A line that nobody reads must not end this shell.
    trap '' PIPE
    { printf '+'; printf ' %q' "$@"; printf '\n'; } 2> /dev/null || true
    exec 3> >(relay)
    relays=$!
    exec 4> >(relay >&2)
    relays+=" $!"
    # Job control gives the launcher a process group of its own: Ctrl-C reaches this shell alone.
    set -m
    (trap - PIPE; trap '' USR1; exec "$@") < /dev/null >&3 2>&4 3>&- 4>&- &
    launcher=$!
    set +m
    stop_requested=
    trap 'request_stop TERM' TERM
    trap 'request_stop HUP' HUP
    trap 'request_stop USR1' USR1
    trap 'if [[ $stop_requested ]]; then end_now; else request_stop INT; fi' INT
    wait "$launcher" || status=$?
    # A trapped signal ends `wait` before the launcher: wait again as long as that one lives, and
    # once more in case it ended in between. 127: its exit code was already taken. The request is
    # repeated: mpirun drops it as long as there are no ranks.
    while kill -0 "$launcher" 2> /dev/null; do
        sleep 1 &
        status=0
        wait -n "$launcher" $! || status=$?
        kill -USR1 "$launcher" 2> /dev/null || true
    done
    last=0
    wait "$launcher" 2> /dev/null || last=$?
    if ((last != 127)); then status=$last; fi
    # It came before the program could take it: nothing had been done.
    if [[ $stop_requested ]] && ((status == 128 + $(kill -l USR1))); then status=75; fi
    trap - TERM HUP USR1 INT
    # shellcheck disable=SC2086 # two numbers
    finish_relays $relays
    if ((status == 75)); then
        remark 'the run has saved and stopped as it was asked to: exit code 75, which mpirun reports'
        remark 'as if it were an error; --resume goes on'
    fi
    return "$status"
}

request_stop() {
    if [[ $stop_requested ]]; then return; fi
    stop_requested=$1
    kill -USR1 "$launcher" 2> /dev/null || true
    remark 'stopping: the run saves and exits 75 (Ctrl-C again ends it at once)'
}

end_now() {
    kill -TERM "$launcher" 2> /dev/null || true
    remark 'ending at once'
}
