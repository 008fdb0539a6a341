# bash, as root. $1: the length in bytes of the script that comes on stdin, which then stays open: its end means that
# nobody waits for the script any more, and stops it. The script is a secret: it is in a file that only root can read,
# and the file is gone before the script's first line runs. Prints the end of the script's output; its exit code is the
# script's.
set -um
umask 077
folder=$(mktemp -d) || exit
trap 'rm -rf "$folder"' EXIT
trap 'exit 143' HUP INT TERM
head -c "$1" >"$folder/script"
if [ "$(wc -c <"$folder/script")" -ne "$1" ]; then
    echo "the script did not arrive as a whole, and was not run"
    exit 90
fi
: >"$folder/output"
exec 3<"$folder/script" 4>"$folder/output" 5<"$folder/output" 6<&0 2>/dev/null
rm -rf "$folder"
# Its output is no pipe of ours: a service that it starts would keep that open.
/bin/bash /dev/fd/3 </dev/null >&4 2>&1 4>&- 5<&- 6<&- &
script=$!
{
    cat <&6
    kill -TERM -- "-$script"
    sleep 2
    kill -KILL -- "-$script"
} </dev/null >/dev/null 3<&- 4>&- 5<&- &
watcher=$!
wait "$script"
status=$?
kill -TERM -- "-$watcher"
tail -c 16384 <&5
exit "$status"
