# As root. $1: the user, $2: a public key, $3: the file that lets the user use sudo, $4: the program authorize, $5: the
# mark of the registration. Makes the user that Juju's agent expects on each machine, where it is not there, and lets the
# owner of the key log in as it. All that it makes bears the mark, so that undo finds it.
set -eu
umask 077
if ! id -u "$1" >/dev/null 2>&1; then
    # The right before the user: when something fails in between, the next run does both again.
    if [ -d "$(dirname "$3")" ]; then
        draft=$(mktemp "$3.XXXXXX") # sudo reads no file with a dot in its name
        trap 'rm -f "$draft"' EXIT
        printf '# %s\n%s ALL=(ALL) NOPASSWD:ALL\n' "$5" "$1" >"$draft"
        chmod 0440 "$draft"
        mv "$draft" "$3"
    fi
    useradd --create-home --shell /bin/bash --comment "$5" "$1"
fi
# As that user: root would follow a link that the user put there.
su -s /bin/sh -c "$4" "$1" authorize "$2 $5"
