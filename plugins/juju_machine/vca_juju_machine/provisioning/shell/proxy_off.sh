# As root. $1: the program that makes the rules, $2: the unit's name, $3: the unit's file. Undoes what proxy_on did.
if [ -e "$3" ]; then
    systemctl disable --now "$2"
fi
if [ -e "$1" ]; then
    /bin/sh "$1" remove
fi
set -e
rm -f "$3" "$1"
folder=$(dirname "$1")
rmdir "$folder" 2>/dev/null || :
systemctl daemon-reload 2>/dev/null || :
