# $1: a public key, type and key and comment. Appends it to the user's authorized_keys unless it is there already;
# nothing that is there is changed. Prints "added" or "present".
set -eu
umask 077
folder=$HOME/.ssh
file=$folder/authorized_keys
mkdir -p "$folder"
chmod 0700 "$folder"
exec 9>>"$file"
chmod 0600 "$file"
flock 9 2>/dev/null || :
key=$(printf '%s\n' "$1" | cut -d ' ' -f 2)
if grep -v '^[[:space:]]*#' "$file" | grep -qF -e " $key"; then
    echo present
    exit 0
fi
# A last line without its end would swallow the new one.
if [ -s "$file" ] && [ -n "$(tail -c 1 "$file")" ]; then
    echo >&9
fi
printf '%s\n' "$1" >&9
echo added
