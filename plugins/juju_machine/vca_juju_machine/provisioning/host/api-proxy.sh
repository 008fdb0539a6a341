#!/bin/sh
# Written by VCA (vca-juju-machine): the Juju controller is reached through a proxy. Its unit vca-api-proxy.service runs
# this at each boot. `apply` makes the rules, however often it is called; `remove` takes them away.
# Registration: @MARK@
# The rules, one a line: IP version, the controller's address and port, the proxy's address and port.
rules='@RULES@'
chain=VCA-API-PROXY
table=vca_api_proxy

have() { command -v "$1" >/dev/null 2>&1; }

rules_of() { printf '%s\n' "$rules" | grep "^$1 "; } # $1: 4 or 6

bracketed() { case $1 in *:*) echo "[$1]" ;; *) echo "$1" ;; esac; }

with_iptables() { # $1: 4 or 6, $2: iptables or ip6tables
    "$2" -w -t nat -N "$chain" 2>/dev/null || "$2" -w -t nat -F "$chain" || return
    while read -r _ address port proxy proxy_port; do
        "$2" -w -t nat -A "$chain" -p tcp -d "$address" --dport "$port" \
            -j DNAT --to-destination "$(bracketed "$proxy"):$proxy_port" || return
    done <<RULES
$(rules_of "$1")
RULES
    "$2" -w -t nat -C OUTPUT -j "$chain" 2>/dev/null || "$2" -w -t nat -I OUTPUT -j "$chain"
}

without_iptables() { # $1: iptables or ip6tables
    "$1" -w -t nat -D OUTPUT -j "$chain" 2>/dev/null
    "$1" -w -t nat -F "$chain" 2>/dev/null
    "$1" -w -t nat -X "$chain" 2>/dev/null
}

with_nft() { # $1: 4 or 6, $2: ip or ip6
    {
        # All at once; the table is added first, because one that is not there cannot be deleted.
        echo "add table $2 $table"
        echo "delete table $2 $table"
        echo "table $2 $table {"
        echo "    chain output {"
        echo "        type nat hook output priority -100; policy accept;"
        rules_of "$1" | while read -r _ address port proxy proxy_port; do
            echo "        $2 daddr $address tcp dport $port dnat to $(bracketed "$proxy"):$proxy_port"
        done
        echo "    }"
        echo "}"
    } | nft -f -
}

apply() { # $1: 4 or 6, $2: iptables or ip6tables, $3: ip or ip6
    rules_of "$1" >/dev/null || return 0
    if have "$2"; then
        with_iptables "$1" "$2"
    elif have nft; then
        with_nft "$1" "$3"
    else
        echo "neither $2 nor nft is installed here: one of them is needed for an api_proxy" >&2
        return 1
    fi
}

remove() { # $1: iptables or ip6tables, $2: ip or ip6
    if have "$1"; then without_iptables "$1"; fi
    if have nft; then nft delete table "$2" "$table" 2>/dev/null; fi
}

case ${1-} in
apply)
    apply 4 iptables ip && apply 6 ip6tables ip6
    ;;
remove)
    remove iptables ip
    remove ip6tables ip6
    exit 0
    ;;
*)
    echo "usage: $0 apply|remove" >&2
    exit 2
    ;;
esac
