# As root. $1: the program that makes the rules, $2: the unit's name. Makes them now and at each boot.
set -e
if ! command -v systemctl >/dev/null 2>&1; then
    echo "there is no systemd here, which has to make the rules of an api_proxy at each boot"
    exit 91
fi
/bin/sh "$1" apply
systemctl daemon-reload
systemctl enable "$2"
systemctl restart "$2"
