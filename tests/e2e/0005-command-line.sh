#!/bin/sh
# 0005-command-line.sh - the command line of one office without a running node: records, tables, mistakes
#
#     tests/e2e/0005-command-line.sh [PROGRAM]
#
# Prints one line for each claim that fails, and ends with 1 when any did.
set -u
here=$(cd "$(dirname "$0")/../.." && pwd)
program=${1:-$here/build/lienthong}
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
LIENTHONG_HOME=$work/home LIENTHONG_LANG=en
export LIENTHONG_HOME LIENTHONG_LANG
claims=0 failed=0

# claim WHAT STATUS PATTERN COMMAND...: the command ends so, and prints that somewhere
claim() {
    what=$1 status=$2 pattern=$3
    shift 3
    claims=$((claims + 1))
    "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    if [ "$got" != "$status" ] || ! cat "$work/out" "$work/err" | grep -q -- "$pattern"; then
        failed=$((failed + 1))
        echo "cli: $what: status $got (wanted $status), wanted '$pattern' in:"
        cat "$work/out" "$work/err"
    fi
}
lt() { claim "$1" "$2" "$3" "$program" "$4" ${5+"$5"} ${6+"$6"} ${7+"$7"} ${8+"$8"} ${9+"$9"}; }

lt 'no office yet' 2 'LT-HOME: .*no office' status
lt 'a wrong verb' 64 "LT-USAGE: there is no verb 'statsu'" statsu
lt 'a wrong option' 64 "there is no option '--jsn'" status --jsn
lt 'an option without its value' 64 "wants a value" status --lang
lt 'too few arguments' 64 'wanted: lienthong init' init
lt 'help' 0 'import FILE.csv --type TYPE' help
lt 'help of a verb' 0 'lienthong void ID' help void
lt 'the version as JSON' 0 '^{"version":"' version --json
lt 'an error as JSON' 2 '^{"error":{"code":"LT-HOME","vi":".*"todo_en":' status --json
claim 'no home at all' 2 'LT-HOME: which office' env -u LIENTHONG_HOME "$program" status
claim 'Vietnamese by default' 64 'không có lệnh' env -u LIENTHONG_LANG "$program" statsu

lt 'init without a name' 64 "office's name is wanted" init 19
lt 'init' 0 'office 19 (Thái Nguyên) is made' init 19 --name 'Thái Nguyên' --listen tcp://127.0.0.1:5701
lt 'init twice' 2 'LT-' init 19 --name 'Thái Nguyên'
lt 'the configuration holds' 0 'is valid' run -n
lt 'and is printed' 0 '^listen = tcp://127.0.0.1:5701$' run -nv
claims=$((claims + 1))
[ "$("$program" status | wc -l)" = 5 ] || { failed=$((failed + 1)); echo 'cli: status is not five lines'; }

lt 'an area is added below its commune' 0 '1 offices added' office add 05908-001 'Khu 1' --hosted
lt 'an office that is none' 2 'is no office code' office add 5908 'Phú Bình'
lt 'the list has it' 0 '05908-001  Khu 1' office list

lt 'a household' 0 '^19\.[0-9a-f]\{32\}$' add household office=05908-001 household_no=7 \
    'status=active' since=5/1/2026
id=$(cat "$work/out")
lt 'is shown with its day first' 0 '05/01/2026' show "$id"
lt 'a thousand with a dot is no number' 1 'whole number' edit "$id" household_no=1.000 --reason SAI
lt 'a day that is none' 1 'LT-FIELD: .*real date' edit "$id" since=31/02/2026 --reason SAI
lt 'a change wants its reason' 64 'a reason is wanted' edit "$id" household_no=8
lt 'a change' 0 'changed' edit "$id" household_no=8 --reason SAI
lt 'the same again is none' 0 'nothing is different' edit "$id" household_no=8 --reason SAI
lt 'a field twice' 64 'is there twice' edit "$id" household_no=8 household_no=9 --reason SAI
lt 'a field that is none' 1 "has no field 'number'" edit "$id" number=8 --reason 1
lt 'is found' 0 "\"id\":\"$id\",\"office\":\"05908-001\",\"household_no\":8" find household household_no=8 --json
lt 'a type that is none' 2 'LT-TYPE' find houshold
lt 'the key guards writers' 1 'another record' add household office=05908-001 household_no=8 \
    status=active since=2026-01-05
lt 'the history has both' 0 '"reason":1' show "$id" --json
claims=$((claims + 1))
[ "$(sqlite3 "$LIENTHONG_HOME/office.db" 'SELECT count(*) FROM _writer')" = 0 ] ||
    { failed=$((failed + 1)); echo 'cli: _writer is not empty'; }

printf 'khu;household_no;status;since\r\n05908-001;8;active;5/1/2026\r\n05908-001;9;active;06/01/2026\r\n' >"$work/a.csv"
lt 'a table is tried' 0 '2 rows: 1 new, 0 changed, 1 identical; NOT WRITTEN' import "$work/a.csv" --type household
lt 'and nothing was written' 0 '"records":\[\]' find household household_no=9 --json
lt 'a table is written' 0 '"committed":true,"rows":2,"new":1,"changed":0,"identical":1' import "$work/a.csv" --type household --commit --json
lt 'the same file twice' 0 '2 rows: 0 new, 0 changed, 2 identical' import "$work/a.csv" --type household --commit
printf 'office,household_no,status,since\n05908-001,10,active,6/1/2026\n05908-001,x,active,6/1/2026\n05908-001,11,active,31/2/2026\n05908-001,10,active,7/1/2026\n' >"$work/b.csv"
lt 'errors name their lines' 1 "line 3: column 'household_no'" import "$work/b.csv" --type household --commit
lt 'all of them' 1 'the same record as on line 2' import "$work/b.csv" --type household --commit
lt 'and nothing is written' 0 '"records":\[\]' find household household_no=10 --json
printf 'office,household_no,ngay\n05908-001,12,1/1/2026\n' >"$work/c.csv"
lt 'a column nobody knows' 1 "c.csv: column 'ngay' is no field" import "$work/c.csv" --type household --commit
printf 'khu,household,signed_on,signer_role,form_version,data_notice_given,paper_archived\n05908-001,9,7/1/2026,chu_ho,1,x,có\n' >"$work/d.csv"
lt 'a household by its number' 0 '1 rows: 1 new' import "$work/d.csv" --type commitment --commit

"$program" export household >"$work/e.csv"
lt 'what is exported comes back identical' 0 '2 rows: 0 new, 0 changed, 2 identical' import "$work/e.csv" --type household
lt 'export as lines of JSON' 0 '^{"id":"19\..*"since":"2026-01-05"' export household --jsonl

lt 'void wants its reason' 64 'a reason is wanted' void "$id"
lt 'void' 0 'retracted' void "$id" --reason TRUNG
lt 'once only' 2 'was retracted' void "$id" --reason TRUNG
lt 'a retracted record is still shown' 0 'RETRACTED' show "$id"
lt 'an id that is none' 2 'there is no record' show 19.00
lt 'nothing waits above the top' 0 'entries' sync --wait --timeout 1
lt 'the log' 0 'retract' log --limit 1000
lt 'an invitation' 0 '"token":"lt1\.' invite 05908 --hours 2 --json
lt 'hours out of range' 64 'a number from 1' invite 05908 --hours 0
lt 'an invitation that is none' 2 'LT-TOKEN' join lt1.nonsense --home "$work/other"
lt 'figures' 0 '"rollups":\[{"indicator":"T1-A"' rollup T1-A --year 2026 --json
lt 'figures by nothing' 64 'area, commune or province' rollup --by street
lt 'doctor' 0 'ok' doctor
# shellcheck disable=SC2016
claim 'a full disk behind the output' 2 'LT-FULL' sh -c '"$0" export household >/dev/full' "$program"

echo "cli: $claims claims, $failed failed"
[ "$failed" = 0 ]
