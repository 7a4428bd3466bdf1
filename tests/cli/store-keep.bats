#!/usr/bin/env bats
# Looking after a store: ss-ctl migrate, prune and backup.
load helper

make_store() {
  ss-gen --count 500 --event-rate 0.001 --seed 3 --start 2026-01-01 | ss-store "$T/s.db" >/dev/null
}
number() { sqlite3 "$1" "$2"; }

@test "a store is made by ss-ctl migrate, and is as it should be the second time" {
  run ss-ctl migrate "$T/s.db"
  status_is 0
  says "was 0"
  run ss-ctl migrate "$T/s.db"
  says "as it should be"
}

@test "a store of a newer program is refused" {
  ss-ctl migrate "$T/s.db"
  sqlite3 "$T/s.db" "INSERT INTO migrations VALUES (99, 'x', 'y', 0)"
  run ss-ctl migrate "$T/s.db"
  status_is 65
  says "newer"
}

@test "a database of something else is left as it is" {
  sqlite3 "$T/other.db" "CREATE TABLE payments (a); INSERT INTO payments VALUES (1)"
  for command in 'ss-ctl migrate' 'ss-ctl user list' 'ss-store'; do
    run $command "$T/other.db" </dev/null
    status_is 78
    says "something else"
  done
  [ "$(sqlite3 "$T/other.db" 'SELECT name FROM sqlite_master')" = payments ]
}

@test "without a word nothing of the payments is deleted" {
  make_store
  ss-ctl prune "$T/s.db" --json >"$T/out"
  [ "$(jq .payments "$T/out")" -eq 0 ]
  [ "$(number "$T/s.db" 'SELECT count(*) FROM payments')" -eq 500 ]
}

@test "old payments go, frauds stay, counts stay, and the audit log says so" {
  make_store
  frauds=$(number "$T/s.db" 'SELECT count(*) FROM payments WHERE label = 1')
  [ "$frauds" -gt 0 ]
  ss-ctl prune "$T/s.db" --payments 1 --json >"$T/out"
  left=$(number "$T/s.db" 'SELECT count(*) FROM payments')
  [ "$left" -ge "$frauds" ] && [ "$left" -le $((frauds + 1)) ]
  [ "$(jq .payments "$T/out")" -eq $((500 - left)) ]
  [ "$(number "$T/s.db" "SELECT sum(payments) FROM buckets WHERE dim = 'all'")" -eq 500 ]
  ss-ctl audit show "$T/s.db" --action store.prune | grep -q store.prune
  ss-ctl audit verify "$T/s.db"
}

@test "a backup is whole, private, and goes on as a store" {
  make_store
  ss-ctl backup "$T/s.db" "$T/copy.db"
  [ "$(stat -c %a "$T/copy.db")" = 600 ]
  [ "$(number "$T/copy.db" 'PRAGMA integrity_check')" = ok ]
  [ "$(number "$T/copy.db" 'SELECT count(*) FROM payments')" -eq 500 ]
  ss-gen --count 10 --seed 4 | ss-store "$T/copy.db" >/dev/null
  [ "$(number "$T/copy.db" 'SELECT count(*) FROM payments')" -eq 510 ]
  [ "$(number "$T/s.db" 'SELECT count(*) FROM payments')" -eq 500 ]
}

@test "a backup overwrites nothing, and takes place beside a writer" {
  make_store
  touch "$T/there"
  run ss-ctl backup "$T/s.db" "$T/there"
  status_is 73
  says "there already"
  mkfifo "$T/in"
  ss-store "$T/s.db" <"$T/in" >"$T/out" &
  exec 7>"$T/in"
  ss-gen --count 20 --seed 5 >&7
  ss-ctl backup "$T/s.db" "$T/copy.db"
  ss-gen --count 20 --seed 6 >&7
  exec 7>&-
  wait
  [ "$(wc -l <"$T/out")" -eq 40 ]
  [ "$(number "$T/copy.db" 'SELECT count(*) FROM payments')" -ge 500 ]
}
