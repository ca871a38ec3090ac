#!/bin/sh
# throughput.sh HONE [TRIALS [ROUNDS]]: trials that do nothing, two at a time, against xargs -P2 over
# the same commands; the two take turns. Prints wall seconds and the processor time that hone and its
# shims add to the scripts' own. Works in the current folder's file system, and cleans up at the end only: ext4
# is slow to give out inodes while others were freed in the last five seconds.
set -eu
hone=$(realpath "$1") trials=${2:-1000} rounds=${3:-3}
work=$(mktemp -d ./throughput.XXXXXX)
trap 'rm -rf "$work"' EXIT

# "WALL CPU" of a command, in seconds.
measure() {
    python3 -c '
import resource, subprocess, sys, time
start = time.monotonic()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
wall = time.monotonic() - start
use = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{wall:.3f} {use.ru_utime + use.ru_stime:.3f}")' "$@"
}

round=1
while [ "$round" -le "$rounds" ]; do
    plain=$(measure sh -c "seq $trials | xargs -P2 -I{} sh -c 'echo m=0.5'")
    tuned=$(measure "$hone" --store "sqlite:$work/$round/.hone/hone.db" run --name noop -p x=0:1.0 \
        --maximize m --strategy random -n "$trials" -j 2 --quiet -- sh -c 'echo m=0.5')
    echo "$plain $tuned $trials" | awk '{printf "xargs %.2f s  hone %.2f s  ratio %.2f  added processor time %.2f ms a trial\n",
        $1, $3, $3 / $1, ($4 - $2) * 1e3 / $5}'
    round=$((round + 1))
done
