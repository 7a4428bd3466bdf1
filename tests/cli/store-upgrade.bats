#!/usr/bin/env bats
# Stores as the first schema left them, rows and all (testdata/store, written by a build of that time): brought to
# today's, and read through the API.
load helper

setup_file() {
  SS_TEST_POSTGRES=$("$BATS_TEST_DIRNAME/../support/postgres" start) || SS_TEST_POSTGRES=
  export SS_TEST_POSTGRES
}
teardown_file() {
  [ -z "$SS_TEST_POSTGRES" ] || "$BATS_TEST_DIRNAME/../support/postgres" stop "$SS_TEST_POSTGRES"
}

api() { ss-ctl api "$uri" GET "/api/v1$1"; }

# The store at $uri is of schema 1 and becomes today's with all that it held.
upgrades() {
  run ss-ctl state "$uri" --json
  status_is 0
  [ "$(jq .schema <<<"$output")" = 1 ]
  run ss-ctl audit verify "$uri" # reads alone: it does not bring the store to another schema
  status_is 78
  says 'has schema 1'
  says 'run ss-ctl migrate'
  ss-ctl migrate "$uri"
  run ss-ctl state "$uri" --json
  [ "$(jq -c '[.schema == .wants, .sound != false, .audit_intact, .payments]' <<<"$output")" = "[true,true,true,$payments]" ]

  api '/payments?limit=100' >list
  [ "$(jq '.items | length' list)" = "$payments" ]
  txn=$(jq -r '.items[0].txn_id' list)
  [ "$(api "/payments/$txn/record" | jq -r .txn_id)" = "$txn" ]
  api '/alerts' >alerts
  [ "$(jq '.items | length' alerts)" = 1 ]
  user=$(jq -r '.items[0].user_id' alerts)
  [ "$(api "/payments?user_id=$user&limit=100" | jq '[.items[].user_id] | unique == ["'"$user"'"]')" = true ]
  api "/customers/$user" | jq -e --arg u "$user" '.customer.user_id == $u and .customer.payments == 2 and .customer.alerts == 1' >/dev/null
  [ "$(api /cases | jq -c '[.items[].title] | index("A case of its own") != null')" = true ]
  api /analytics/kpis | jq -e . >/dev/null
  ss-ctl audit verify "$uri"
  ss-ctl user list "$uri" | grep -q ann@example.com

  # And it goes on: what it has is known, what is new is stored and counted.
  api "/payments/$txn/record" >again
  printf '{"txn_id":"new","timestamp":"2026-02-01T00:00:00Z","user_id":"%s","amount":12}\n' "$user" >>again
  ss-store -q "$uri" again >/dev/null
  [ "$(api '/payments?limit=100' | jq '.items | length')" = $((payments + 1)) ]
}

payments=$(grep -cE '^INSERT INTO payments VALUES' "$BATS_TEST_DIRNAME/../../testdata/store/001-sqlite.sql")

@test "a store of the first schema in SQLite keeps all it holds" {
  uri=$T/old.db
  sqlite3 "$uri" <"$ROOT/testdata/store/001-sqlite.sql"
  upgrades
}

@test "a store of the first schema in PostgreSQL keeps all it holds" {
  [ -n "$SS_TEST_POSTGRES" ] || skip "no PostgreSQL is installed"
  uri=$("$ROOT/tests/support/postgres" database "$SS_TEST_POSTGRES" upgrade)
  psql -qXAt -v ON_ERROR_STOP=1 "$uri" -f "$ROOT/testdata/store/001-postgres.sql" >/dev/null
  upgrades
}
