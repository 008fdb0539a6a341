# As root. Undoes what bears the mark of a registration, however far that came, and touches nothing else. $1: the mark,
# $2: the user of ensure_user, $3: the file that lets it use sudo, $4: the program unauthorize, $5: the program that makes
# the rules of a proxy, $6: its unit's name, $7: systemd's folder of units, $8: the folder of Juju's agents.
# What fails does not keep the rest from being undone.
failed=0

has_mark() { grep -qsF -e "$mark" "$1"; } # $1: a file

take_unit_out() { # $1: its name
    if command -v systemctl >/dev/null 2>&1; then
        systemctl disable --now "$1" # which fails where it was not started yet
        if [ "$(systemctl is-active "$1")" = active ]; then failed=1; fi
    fi
    rm -f "$units/$1" || failed=1
}

mark=$1
case $mark in
vca-?*) ;;
*) exit 64 ;; # an empty mark would be in every file
esac
units=$7
# The nonce of the machine holds the mark, and its agent keeps the nonce.
for config in "$8"/agents/machine-*/agent.conf; do
    if has_mark "$config"; then
        folder=${config%/agent.conf}
        service=jujud-${folder##*/}
        take_unit_out "$service.service"
        rm -rf "$units/$service-exec-start.sh" "$folder" || failed=1
    fi
done
if has_mark "$5"; then
    if [ -e "$units/$6" ]; then
        take_unit_out "$6"
    fi
    /bin/sh "$5" remove || failed=1
    rm -f "$5" || failed=1
    rmdir "$(dirname "$5")" 2>/dev/null
fi
systemctl daemon-reload 2>/dev/null
if has_mark "$3"; then
    rm -f "$3" || failed=1
fi
if getent passwd "$2" 2>/dev/null | grep -qF -e "$mark"; then
    userdel --remove "$2" || failed=1
elif id -u "$2" >/dev/null 2>&1; then
    su -s /bin/sh -c "$4" "$2" unauthorize "$mark" || failed=1
fi
exit "$failed"
