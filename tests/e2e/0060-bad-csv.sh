#!/bin/bash
# 0060-bad-csv.sh - tables as people send them: wrong ones leave nothing behind, odd ones are read
# shellcheck disable=SC1091,SC2154 # What lib.sh defines
. "$(dirname "$0")/lib.sh"
port_next
at c init 19 --name "Tỉnh Thái Nguyên" --listen "tcp://127.0.0.1:$port_last" >/dev/null
at c office add 05908 "Xã Phú Bình" --hosted >/dev/null
at c office add 05908-001 "Xóm Đông" --hosted >/dev/null

import() { at c import "$work/t.csv" --type household --office 05908-001 --commit >"$work/out" 2>&1; }
bad() { # what pattern: reads the table from stdin
    cat >"$work/t.csv"
    local got=0
    import || got=$?
    if [ $got = 0 ] || ! grep -q -- "$2" "$work/out"; then
        cat "$work/out"
        not_ok "$1: status $got, wanted '$2'"
    fi
    count_is c "$rows" || not_ok "$1: something was written"
    ok "$1"
}
good() { # what rows
    cat >"$work/t.csv"
    import || { cat "$work/out"; not_ok "$1"; }
    rows=$2
    claim "$1" count_is c "$rows"
}

rows=0
bad "a column that is none is named" "LT-CSV.*'stautus'" <<<$'household_no,stautus,since\n1,active,2020-01-01'
bad "a row without its number" 'household_no' <<<$'household_no,status,since\n1,active,2020-01-01\n,active,2020-01-01'
bad "a day that does not exist" 'since' <<<$'household_no,status,since\n1,active,31/02/2020'
bad "a status that is none" 'status' <<<$'household_no,status,since\n1,here,2020-01-01'
bad "a quote that never ends" 'LT-CSV' <<<$'household_no,status,since\n1,"active,2020-01-01'
bad "bytes that are no UTF-8" 'LT-CSV' < <(printf 'household_no,status,since\n1,\xff\xfe,2020-01-01\n')
bad "an empty file" 'LT-CSV' </dev/null

good "a table, as it should be" 1 <<<$'household_no,status,since\n1,active,2020-01-01'
good "the same again adds nothing" 1 <<<$'household_no,status,since\n1,active,2020-01-01'
good "as Excel writes it: a mark in front, semicolons, CRLF, day first" 2 \
    < <(printf '\xef\xbb\xbfhousehold_no;status;since\r\n2;active;05/01/2020\r\n')
claim "the day came before the month" test \
    "$(ask c "SELECT since FROM household WHERE household_no = 2")" = 2020-01-05
# Labels in decomposed letters, as a Mac writes them: "Số thứ tự hộ", "Tình trạng", "Từ ngày".
good "labels in decomposed letters" 3 < <(printf \
    'So\xcc\x82\xcc\x81 thu\xcc\x9b\xcc\x81 tu\xcc\x9b\xcc\xa3 ho\xcc\xa3\xcc\x82,Ti\xcc\x80nh tra\xcc\xa3ng,Tu\xcc\x9b\xcc\x80 nga\xcc\x80y\n3,\xc4\x90ang cu\xcc\x9b tru\xcc\x81,01/01/2020\n')
at c import "$work/t.csv" --type household --office 05908-001 >/dev/null
printf 'household_no,status,since\n9,active,2020-01-01\n' >"$work/t.csv"
at c import "$work/t.csv" --type household --office 05908-001 >/dev/null
claim "without --commit nothing is written" count_is c 3
claim "doctor finds the office well" doctor_is_well c
done_testing
