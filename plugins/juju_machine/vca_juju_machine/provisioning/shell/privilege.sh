# Prints how to become root: "root" (is it already), "sudo", "no-sudo" (there is none), or "refused" and the reason.
if [ "$(id -u)" = 0 ]; then
    echo root
elif ! command -v sudo >/dev/null 2>&1; then
    echo no-sudo
elif reason=$(sudo -n true 2>&1); then
    echo sudo
else
    echo refused
    printf '%s\n' "$reason"
fi
