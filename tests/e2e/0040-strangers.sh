#!/bin/bash
# 0040-strangers.sh - strangers on the wire, invitations misused, and homes that must not be run
# shellcheck disable=SC1091,SC2154 # What lib.sh defines
. "$(dirname "$0")/lib.sh"
chain

# Raw bytes at every port of a node: they may be refused, they may be ignored, they may not matter.
garbage() { # home
    local i
    for i in 0 1 2; do
        # shellcheck disable=SC2016
        timeout 2 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0"; head -c 20000 /dev/urandom >&3
            printf "GET / HTTP/1.1\r\n\r\n" >&3; head -c 1 <&3 >/dev/null' $((ports[$1] + i)) \
            >/dev/null 2>&1 || true
    done
}
for home in p c a; do
    garbage $home
    claim "$home lives after raw bytes" is_alive $home
done
household a 1
until_s 5 "and records still arrive" row_is p 1 active

# An unknown key: an office of that name that was never invited here.
port_next
at x init 19 --name "Tỉnh khác" --listen "tcp://127.0.0.1:$port_last" >/dev/null
refused() { # token-file home: join fails and leaves no office behind
    ! at "$2" join - --timeout 3 --listen tcp://127.0.0.1:$((port_last + 5)) <"$1" >"$work/out" 2>&1 &&
        grep -q 'LT-TOKEN' "$work/out"
}
sed 's/\(.\)\(.\)$/\2\1/; s/lt1\.\(.\)\(.\)/lt1.\2\1/' "$work/a.token" >"$work/wrong"
claim "an invitation with letters exchanged is refused" refused "$work/wrong" y
echo "lt1.AAAA" >"$work/short"
claim "and one that is cut short" refused "$work/short" y
claim "an invitation is good once" refused "$work/a.token" y
cp -r "$work/a" "$work/z" && rm -f "$work/z/lock" # The area's home with another one's keys
cp "$work/x/keys" "$work/z/keys"
sed -i "s/^listen.*/listen = tcp:\/\/127.0.0.1:$((port_last + 5))/" "$work/z/lienthong.conf"
(timeout 3 "$program" --home "$work/z" run >"$work/z.log" 2>&1) || true
stays_out() { grep -q 'code=LT-STRANGER' "$work/z.log" && ! grep -q '^link-open' "$work/z.log"; }
claim "an unknown key gets nowhere" stays_out
household a 2
until_s 5 "the true office still does" row_is p 2 active

run_says() { # status code home
    local got=0
    timeout 5 "$program" --home "$work/$3" run >"$work/out" 2>&1 || got=$?
    [ $got = "$1" ] && grep -q "$2" "$work/out"
}
claim "a second node in the same home is refused" run_says 2 LT-RUNNING a
chmod 644 "$work/x/keys"
claim "a key file that others can read is refused" run_says 2 LT-SECRET x
chmod 600 "$work/x/keys"

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    chmod 755 "$work"
    chmod -R a+rX "$work/x" && chmod 600 "$work/x/keys"
    as_nobody() {
        local got=0
        setpriv --reuid=65534 --regid=65534 --clear-groups timeout 5 "$program" --home "$work/x" run \
            >"$work/out" 2>&1 || got=$?
        [ $got = 2 ] && grep -q 'LT-READONLY' "$work/out"
    }
    claim "another user's home is refused" as_nobody
else
    ok "skipped: another user's home (needs root)"
fi

# During and after shutdown.
kill -TERM "$(pid_of a)"
garbage a
wait "${guards[a]}" 2>/dev/null || true
claim "raw bytes do not keep a node from ending" test "$(is_alive a && echo up)" = ""
garbage a
node_start a
household a 3
until_s 8 "it starts again and goes on" row_is p 3 active
done_testing
