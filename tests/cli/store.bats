#!/usr/bin/env bats
# ss-store: what it has printed is in the store, once, whatever ends it.
load helper

setup_file() {
  ss-gen --count 3000 --seed 7 >"$BATS_FILE_TMPDIR/payments.ndjson"
}

count() { sqlite3 "$T/s.db" 'SELECT count(*) FROM payments'; }

@test "records leave as they came, and are stored once however often they come" {
  ss-store "$T/s.db" <"$BATS_FILE_TMPDIR/payments.ndjson" >"$T/out"
  cmp "$T/out" "$BATS_FILE_TMPDIR/payments.ndjson"
  [ "$(count)" -eq 3000 ]
  ss-store --only-new "$T/s.db" <"$BATS_FILE_TMPDIR/payments.ndjson" >"$T/again"
  [ ! -s "$T/again" ]
  [ "$(count)" -eq 3000 ]
  [ "$(sqlite3 "$T/s.db" "SELECT sum(payments) FROM buckets WHERE dim = 'all'")" -eq 3000 ]
}

@test "killed at any moment, it loses nothing it has passed on, and a second run makes it whole" {
  for i in 1 2 3 4 5 6 7 8 9 10; do
    rm -f "$T"/s.db*
    (while read -r line; do printf '%s\n' "$line"; done <"$BATS_FILE_TMPDIR/payments.ndjson") |
      ss-store "$T/s.db" >"$T/out" &
    sleep 0.0$((RANDOM % 90 + 10))
    pkill -9 -f "ss-store $T/s.db" || :
    wait || :
    [ -e "$T/s.db" ] && [ "$(sqlite3 "$T/s.db" "SELECT count(*) FROM sqlite_master WHERE name = 'payments'")" = 1 ] || continue
    [ "$(sqlite3 "$T/s.db" 'PRAGMA integrity_check')" = ok ]
    # Every whole line that was passed on is there.
    grep -o '"txn_id":"[^"]*"' "$T/out" | cut -d'"' -f4 | sort >"$T/passed"
    sqlite3 "$T/s.db" 'SELECT txn_id FROM payments' | sort >"$T/stored"
    [ -z "$(comm -23 "$T/passed" "$T/stored")" ]
    ss-store "$T/s.db" <"$BATS_FILE_TMPDIR/payments.ndjson" >/dev/null
    [ "$(count)" -eq 3000 ]
    [ "$(sqlite3 "$T/s.db" "SELECT sum(payments) FROM buckets WHERE dim = 'all'")" -eq 3000 ]
  done
}

@test "a locked database is waited for, and given up with status 69 when told so" {
  ss-store "$T/s.db" </dev/null
  mkfifo "$T/hold"
  sqlite3 "$T/s.db" <"$T/hold" >/dev/null &
  exec 7>"$T/hold"
  echo "BEGIN IMMEDIATE; SELECT 1;" >&7
  head -1 "$BATS_FILE_TMPDIR/payments.ndjson" >"$T/one"
  run timeout 60 ss-store --give-up 1s "$T/s.db" "$T/one"
  status_is 69
  says "locked"
  echo "ROLLBACK;" >&7
  exec 7>&-
  wait
  ss-store "$T/s.db" "$T/one" >/dev/null
  [ "$(count)" -eq 1 ]
}

@test "a full disk ends it with status 74, and nothing unstored was passed on" {
  run bash -c "ulimit -f 400; trap '' XFSZ; exec ss-store '$T/s.db' '$BATS_FILE_TMPDIR/payments.ndjson' >'$T/out.fifo' 2>'$T/err'" 
  [ "$status" -eq 74 ]
  passed=$(wc -l <"$T/out.fifo")
  [ "$passed" -lt 3000 ]
  [ "$(count)" -ge "$passed" ]
}

@test "a payment without an id is rejected, and the rest goes on" {
  { echo '{"timestamp":"2026-01-01T00:00:00Z","amount":1}'; head -2 "$BATS_FILE_TMPDIR/payments.ndjson"; } >"$T/in"
  ss-store --rejects "$T/bad" "$T/s.db" "$T/in" >"$T/out"
  [ "$(wc -l <"$T/out")" -eq 2 ]
  grep -q txn_id "$T/bad"
}

@test "a store inside a pipeline of one process takes its own operand" {
  ss-run "ingest | features | store $T/s.db" "$BATS_FILE_TMPDIR/payments.ndjson" >"$T/out"
  [ "$(wc -l <"$T/out")" -eq 3000 ]
  [ "$(count)" -eq 3000 ]
}

@test "a record of a quiet input leaves at once, and when asked to end it ends clean" {
  mkfifo "$T/in"
  ss-store "$T/s.db" <"$T/in" >"$T/out" &
  pid=$!
  exec 7>"$T/in"
  head -3 "$BATS_FILE_TMPDIR/payments.ndjson" >&7
  for _ in $(seq 100); do
    [ "$(wc -l <"$T/out")" -eq 3 ] && break
    sleep 0.05
  done
  [ "$(wc -l <"$T/out")" -eq 3 ]
  [ "$(sqlite3 "$T/s.db" "SELECT sum(payments) FROM buckets WHERE dim = 'all'")" -eq 3 ]
  kill -TERM "$pid"
  status=0
  wait "$pid" || status=$?
  exec 7>&-
  [ "$status" -eq 0 ]
  [ "$(count)" -eq 3 ]
}

@test "stages behind it see no record before it is stored" {
  ss-run "store $T/s.db | alert --level NONE" "$BATS_FILE_TMPDIR/payments.ndjson" >"$T/out"
  [ "$(wc -l <"$T/out")" -eq 3000 ]
  [ "$(count)" -eq 3000 ]
}

@test "labels find their payments, before and after" {
  id=$(head -1 "$BATS_FILE_TMPDIR/payments.ndjson" | jq -r .txn_id)
  label='{"type":"label","txn_id":"'$id'","label":1,"timestamp":"2026-06-01T00:00:00Z"}'
  { echo "$label"; head -2 "$BATS_FILE_TMPDIR/payments.ndjson"; } | ss-store "$T/s.db" >"$T/out"
  [ "$(wc -l <"$T/out")" -eq 3 ]
  [ "$(sqlite3 "$T/s.db" "SELECT label FROM payments WHERE txn_id = '$id'")" -eq 1 ]
  echo "${label/1,/0,}" | sed 's/06-01/06-02/' | ss-store "$T/s.db" >/dev/null
  [ "$(sqlite3 "$T/s.db" "SELECT label FROM payments WHERE txn_id = '$id'")" -eq 0 ]
  [ "$(sqlite3 "$T/s.db" "SELECT sum(fraud) FROM buckets WHERE dim = 'all'")" -eq "$(sqlite3 "$T/s.db" 'SELECT count(*) FROM payments WHERE label = 1')" ]
}
