# As root. $1: path, $2: mode, $3: length in bytes of the content, which comes on stdin. The file is there as a whole,
# or not at all.
set -eu
umask 077
mkdir -p "$(dirname "$1")"
chmod 0755 "$(dirname "$1")"
draft=$(mktemp "$1.XXXXXX")
trap 'rm -f "$draft"' EXIT
head -c "$3" >"$draft"
if [ "$(wc -c <"$draft")" -ne "$3" ]; then
    echo "$1 did not arrive as a whole"
    exit 90
fi
chmod "$2" "$draft"
mv "$draft" "$1"
