#!/usr/bin/env bats
# ss-ctl state: what lies in a store and in its backups, and whether it is whole.
load helper

# payments N [FROM]: one a second.
payments() {
  local i
  for i in $(seq "${2:-1}" $(($1 + ${2:-1} - 1))); do
    printf '{"txn_id":"t%d","timestamp":"%s","user_id":"u%d","amount":10}\n' "$i" \
      "$(printf '2026-03-01T%02d:%02d:%02dZ' $((i / 3600)) $((i / 60 % 60)) $((i % 60)))" $((i % 7))
  done
}

@test "state says what there is, and that it is whole" {
  payments 20 | ss-store s.db >/dev/null
  run ss-ctl state s.db
  status_is 0
  says 'payments   20'
  says 'newest     2026-03-01T00:00:20'
  says 'integrity  sound'
  says '0 lines intact'
  run ss-ctl state s.db --json
  [ "$(jq -c '[.payments, .customers, .sound, .audit_intact, .schema == .wants]' <<<"$output")" = '[20,7,true,true,true]' ]
  run ss-ctl state --quick s.db --json
  [ "$(jq -c '[.payments, .sound]' <<<"$output")" = '[20,null]' ]
  run ss-ctl state missing.db
  status_is 66
  not test -e missing.db
}

@test "state tells damage, and a log that was changed" {
  payments 2000 | ss-store s.db >/dev/null
  echo 'a long enough one' | ss-ctl user add s.db ann@example.com --password-stdin >/dev/null
  ss-ctl state s.db >/dev/null
  sqlite3 s.db "UPDATE audit SET actor = 'nobody'; PRAGMA wal_checkpoint(TRUNCATE)" >/dev/null
  run ss-ctl state s.db
  status_is 1
  says 'was changed'
  says 'tampered with'
  # An index that lacks a row; and a page of nonsense.
  sqlite3 s.db >/dev/null "PRAGMA writable_schema=ON;
    UPDATE sqlite_master SET sql = replace(sql, 'level >= 2', 'level >= 0') WHERE name = 'payments_risky'"
  run ss-ctl state s.db
  [ "$status" -ne 0 ]
  [ "$status" -ne 139 ]
  says "s.db"
  not grep -q 'integrity  sound' <<<"$output"
}

@test "state changes nothing of a store that is older" {
  touch empty.db
  run ss-ctl state empty.db
  status_is 0
  says 'schema     0'
  says 'run ss-ctl migrate'
  [ ! -s empty.db ]
}

@test "backups of a store that is being written are each one moment of it" {
  (
    for from in $(seq 1 100 2001); do payments 100 "$from"; sleep 0.02; done
  ) | ss-store s.db >/dev/null &
  writer=$!
  until [ -f s.db ] && ss-ctl state --quick s.db --json 2>/dev/null | jq -e '.payments > 0' >/dev/null; do sleep 0.02; done
  for i in 1 2 3 4 5; do
    ss-ctl backup s.db "copy$i.db"
    sleep 0.05
  done
  wait "$writer"
  last=0
  for i in 1 2 3 4 5; do
    ss-ctl state "copy$i.db" --json >state
    jq -e .sound state
    n=$(jq .payments state)
    # What is in it is the first n of the stream, all of them, and their customers add up.
    [ "$(sqlite3 "copy$i.db" "SELECT count(*) FROM payments WHERE CAST(substr(txn_id, 2) AS INTEGER) <= $n")" = "$n" ]
    [ "$(sqlite3 "copy$i.db" 'SELECT sum(payments) FROM customers')" = "$n" ]
    [ "$n" -ge "$last" ]
    last=$n
  done
  [ "$(ss-ctl state s.db --json | jq .payments)" = 2100 ]
}

@test "state and the audit log are read from a medium that nobody can write" {
  payments 20 | ss-store -q s.db >/dev/null
  echo 'a long enough one' | ss-ctl user add s.db ann@example.com --password-stdin >/dev/null
  mkdir 'a #medium%?'
  ss-ctl backup s.db 'a #medium%?/backup.db'
  cp s.db 'a #medium%?/s.db'
  chmod -R a+rX,a-w 'a #medium%?' "$T"
  # root may write anything: then the commands run as somebody else
  as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi; }
  as true 2>/dev/null && as test -x "$(command -v ss-ctl)" || { chmod -R u+w "$T"; skip 'cannot be somebody else'; }
  for f in 'a #medium%?/s.db' 'a #medium%?/backup.db' "./a #medium%?/s.db"; do
    run as ss-ctl state "$f"
    status_is 0
    says 'payments   20'
    says 'integrity  sound'
    run as ss-ctl audit verify "$f"
    status_is 0
    says 'lines intact'
    run as ss-ctl audit show "$f" --json
    status_is 0
    says user
    run as ss-ctl audit head "$f"
    status_is 0
  done
  run as ss-ctl user add "$f" bob@example.com --password-stdin <<<'a long enough one'
  [ "$status" -ne 0 ]
  chmod -R u+w "$T"
  [ "$(ls 'a #medium%?' | wc -l)" = 2 ]
}

@test "what a log beside a store holds is not passed over where it cannot be written" {
  payments 20 | ss-store -q s.db >/dev/null
  # A writer that has not put its log into the file.
  mkfifo pipe
  sqlite3 s.db >/dev/null <pipe &
  exec 4>pipe
  echo "PRAGMA wal_autocheckpoint=0; DELETE FROM audit; UPDATE payments SET amount = 1; INSERT INTO links SELECT * FROM links LIMIT 0; SELECT 1;" >&4
  for i in $(seq 100); do [ -s s.db-wal ] && break; sleep 0.05; done
  mkdir medium
  cp s.db s.db-wal medium/
  exec 4>&-
  chmod -R a+rX,a-w "$T"
  as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi; }
  as true 2>/dev/null && as test -x "$(command -v ss-ctl)" || { chmod -R u+w "$T"; skip 'cannot be somebody else'; }
  run as ss-ctl state medium/s.db
  chmod -R u+w "$T"
  [ "$status" -ne 0 ] # its index is missing: no answer is better than yesterday's
}
