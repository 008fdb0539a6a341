# Prints what parse_facts reads. $1: systemd's folder of units. No lsb_release: newer systems may lack it.
export LC_ALL=C
echo "=== os_release"
for file in /etc/os-release /usr/lib/os-release; do
    if [ -r "$file" ]; then
        cat "$file"
        break
    fi
done
echo
echo "=== machine"
uname -m
echo "=== cores"
nproc 2>/dev/null || getconf _NPROCESSORS_ONLN
echo "=== memory"
cat /proc/meminfo
echo "=== agents"
for file in "$1"/jujud-machine-*.service; do
    if [ -e "$file" ] || [ -L "$file" ]; then
        basename "$file" .service
    fi
done
echo "=== addresses"
ip -oneline address show scope global 2>/dev/null || hostname -I 2>/dev/null || :
