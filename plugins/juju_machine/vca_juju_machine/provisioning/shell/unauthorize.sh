# $1: a mark. Takes the keys that bear it out of the user's authorized_keys; the file stays the same file, and all else
# in it.
set -eu
umask 077
file=$HOME/.ssh/authorized_keys
if ! grep -qsF -e "$1" "$file"; then
    exit 0
fi
exec 9>>"$file"
flock 9 2>/dev/null || :
rest=$(mktemp)
trap 'rm -f "$rest"' EXIT
grep -vF -e "$1" "$file" >"$rest" || :
trap '' HUP INT TERM # or the owner's keys might be lost half way
cat "$rest" >"$file"
