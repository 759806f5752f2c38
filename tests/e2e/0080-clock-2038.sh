#!/bin/bash
# 0080-clock-2038.sh - a machine whose clock stands behind January 2038
# shellcheck disable=SC1091,SC2154 # What lib.sh defines
. "$(dirname "$0")/lib.sh"
command -v faketime >/dev/null || skip "faketime is not installed"
port_next
at c init 19 --name "Tỉnh Thái Nguyên" --listen "tcp://127.0.0.1:$port_last" >/dev/null
at c office add 05908 "Xã Phú Bình" --hosted >/dev/null
at c office add 05908-001 "Xóm Đông" --hosted >/dev/null
late() { timeout 20 faketime '2038-02-01 08:00:00' "$program" --home "$work/c" "$@"; }
id=$(late add household office=05908-001 household_no=7 status=active since=2038-02-01)
claim "a record is written" test -n "$id"
claim "its day is 2038" row_is c 7 active
is_late() { late --json log --office 19 | grep -q . && late show "$id" | grep -q 2038; }
claim "and shown with that year" is_late
# The clock is what is wrong, and all that is wrong.
names_clock() {
    late --json doctor >"$work/late" && return 1
    [ "$(jq -r '[.checks[] | select(.ok | not) | .name] | join(",")' "$work/late")" = clock ]
}
claim "doctor names the clock, and nothing else" names_clock
claim "with the clock put right the office is well" at c doctor
done_testing
