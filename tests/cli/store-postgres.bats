# ss-store on PostgreSQL: the same content as in SQLite, and nothing lost or doubled when the server dies.
load helper

setup_file() {
  SS_TEST_POSTGRES=$("$BATS_TEST_DIRNAME/../support/postgres" start) || SS_TEST_POSTGRES=
  export SS_TEST_POSTGRES
}

teardown_file() {
  [ -z "$SS_TEST_POSTGRES" ] || "$BATS_TEST_DIRNAME/../support/postgres" stop "$SS_TEST_POSTGRES"
}

database() {
  [ -n "$SS_TEST_POSTGRES" ] || skip "no PostgreSQL is installed"
  uri=$("$ROOT/tests/support/postgres" database "$SS_TEST_POSTGRES" "$1")
}

decided() {
  ss-gen --count "$1" | ss-run -q 'ingest | features | score | rules -r default' >decided.ndjson
}

# The stored rows, in words that both shells understand.
content() {
  cat >content.sql <<'SQL'
SELECT count(*), count(DISTINCT txn_id), sum(amount), sum(level), sum(action) FROM payments;
SELECT dim, count(*), sum(payments), sum(amount), sum(alerts), sum(blocked) FROM buckets GROUP BY dim ORDER BY 1;
SELECT count(*), sum(payments), sum(amount) FROM customers;
SELECT kind, count(*) FROM links GROUP BY kind ORDER BY 1;
SELECT txn_id, user_id, score, record FROM payments ORDER BY time_us, txn_id LIMIT 200;
SQL
  case $1 in
    postgresql:*) psql -qXAt "$1" -f content.sql ;;
    *) sqlite3 "$1" <content.sql ;;
  esac
}

@test "both databases hold the same" {
  database same
  decided 3000
  ss-store -q "$uri" decided.ndjson >there.ndjson
  same decided.ndjson there.ndjson
  ss-store -q here.db decided.ndjson >here.ndjson
  content "$uri" >there
  content here.db >here
  same here there
  [ "$(wc -l <there)" -gt 200 ]
}

@test "a second time nothing is stored, and numbers follow the stream" {
  database again
  decided 3000
  head -n 2000 decided.ndjson >first.ndjson
  ss-store -q "$uri" first.ndjson >/dev/null
  ss-store -q --only-new "$uri" decided.ndjson >new.ndjson
  tail -n 1000 decided.ndjson >want.ndjson
  same want.ndjson new.ndjson
  psql -qXAt "$uri" -c 'SELECT txn_id FROM payments ORDER BY seq' >order
  jq -r .txn_id decided.ndjson >want
  same want order
}

@test "a server that is killed and comes back loses nothing and doubles nothing" {
  database killed
  decided 6000
  ss-store -q "$uri" <(head -n 1 decided.ndjson) >/dev/null
  for i in 1 2 3; do
    sleep 0.4
    "$ROOT/tests/support/postgres" kill "$uri"
    "$ROOT/tests/support/postgres" up "$uri"
  done &
  # 2,000 a second, so that the stream lasts longer than the killing.
  ss-pace --rate 2000 decided.ndjson | ss-store "$uri" >out.ndjson 2>said
  wait
  grep -q "trying again" said
  same decided.ndjson out.ndjson
  [ "$(psql -qXAt "$uri" -c 'SELECT count(*), count(DISTINCT txn_id) FROM payments')" = "6000|6000" ]
  [ "$(psql -qXAt "$uri" -c "SELECT sum(payments) FROM buckets WHERE dim = 'all'")" = 6000 ]
  [ "$(psql -qXAt "$uri" -c 'SELECT sum(payments) FROM customers')" = 6000 ]
}
