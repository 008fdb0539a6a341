# Prints what parse_facts reads. No lsb_release: newer systems may lack it.
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
echo "=== addresses"
ip -oneline address show scope global 2>/dev/null || hostname -I 2>/dev/null || :
