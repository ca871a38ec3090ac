#!/bin/sh
# Stops what slurm-up.sh DIR started, by process id, with the jobs that still run. Keeps DIR's logs; removes its state.
set -u
dir=${1:?usage: slurm-down.sh DIR}
dir=$(cd "$dir" && pwd) || exit 1
[ -d "$dir/pids" ] || { echo "slurm-down: nothing runs in $dir" >&2; exit 0; }
PATH=$PATH:/usr/sbin:/sbin
export SLURM_CONF="$dir/slurm.conf"
# A pid counts only while its command line names this folder: the number may have passed to another process.
ours() { tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | grep -qF -- "$dir/"; }
stop() {
    pid=$(cat "$1" 2>/dev/null) || return 0
    if ours "$pid"; then
        kill -TERM "$pid"
        tries=50
        while ours "$pid" && [ $tries -gt 0 ]; do sleep 0.1; tries=$((tries - 1)); done
        ! ours "$pid" || kill -KILL "$pid"
    fi
    rm -f "$1"
}
if [ -f "$dir/pids/slurmctld" ] && ours "$(cat "$dir/pids/slurmctld")"; then
    jobs=$(timeout 5 squeue -h -o %A | sort -u)
    if [ -n "$jobs" ]; then
        timeout 10 scancel $jobs
        tries=80
        while [ -n "$(timeout 5 squeue -h -o %A)" ] && [ $tries -gt 0 ]; do sleep 0.1; tries=$((tries - 1)); done
    fi
fi
for pidfile in "$dir"/pids/slurmd-* "$dir/pids/slurmctld" "$dir/pids/munged"; do
    [ ! -f "$pidfile" ] || stop "$pidfile"
done
rm -rf "$dir/pids" "$dir/state" "$dir/spool" "$dir/munge"
