#!/usr/bin/env bats
# The audit log from the shell: ss-ctl audit, and the script of ss-audit(5) that checks it without us.
load helper

# A store with some changes in it.
make_store() {
  touch "$1"
  echo 'a long enough one' | ss-ctl user add "$1" ann@example.com --name 'Ann' --role admin --password-stdin
  ss-ctl key add "$1" 'nightly "export"' --scope audit:read
  ss-ctl api "$1" POST /api/v1/invites '{"role":"analyst","email":"bob@example.com"}'
  ss-ctl api "$1" PATCH /api/v1/users/1 '{"name":"Ünal \u0001\\ , 7:x,","department":"a\nb\t\"c\" 😀"}'
  ss-ctl api "$1" PATCH /api/v1/users/1 '{"department":null}'
} >/dev/null

# The page's script.
check() {
  [ -f check.sh ] || awk -v section=CHECKING -f "$ROOT/scripts/page-examples" "$ROOT/man/ss-audit.5" >check.sh
  sh check.sh "$@"
}

@test "a log as it was written is intact, to us and to the page's script" {
  make_store s.db
  run ss-ctl audit verify s.db
  status_is 0
  says '5 lines intact, head 5:'
  ours=$output
  run check s.db
  status_is 0
  [ "$output" = "$ours" ]
  ss-ctl audit export s.db >s.ndjson
  run check s.ndjson
  status_is 0
  [ "$output" = "$ours" ]
}

@test "each way to tamper with it shows, to both" {
  make_store good.db
  head=$(ss-ctl audit head good.db)
  while read -r sql; do
    rm -f bad.db*
    sqlite3 good.db "VACUUM INTO 'bad.db'"
    sqlite3 bad.db "$sql"
    run ss-ctl audit verify bad.db
    [ "$status" -eq 1 ] || { echo "ss-ctl did not see: $sql"; return 1; }
    run check bad.db
    [ "$status" -eq 1 ] || { echo "the script did not see: $sql: $output"; return 1; }
  done <<'SQL'
UPDATE audit SET new_value = '{}' WHERE seq = 2
UPDATE audit SET old_value = NULL WHERE seq = 4
UPDATE audit SET actor = 'ann@example.com' WHERE seq = 1
UPDATE audit SET time_us = time_us - 1 WHERE seq = 3
DELETE FROM audit WHERE seq = 1
DELETE FROM audit WHERE seq = 3
DELETE FROM audit WHERE seq = 5
DELETE FROM audit
DELETE FROM audit WHERE seq = 3; UPDATE audit SET seq = seq - 1 WHERE seq > 3
UPDATE audit SET seq = 100 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 100
INSERT INTO audit SELECT 6, time_us, actor, action, subject, old_value, new_value, address, hash, hash FROM audit WHERE seq = 5
UPDATE audit_head SET seq = 4
SQL
  # Cut off and forgotten by the head as well: only a head that was kept tells.
  rm -f bad.db*
  sqlite3 good.db "VACUUM INTO 'bad.db'"
  sqlite3 bad.db "DELETE FROM audit WHERE seq > 3; UPDATE audit_head SET seq = 3, hash = (SELECT hash FROM audit WHERE seq = 3)"
  run ss-ctl audit verify bad.db
  status_is 0
  run check bad.db
  status_is 0
  run ss-ctl audit verify bad.db --head "$head"
  status_is 1
  says 'line 5, whose hash was kept, is missing'
  run check bad.db "$head"
  status_is 1
  run ss-ctl audit verify good.db --head "$head"
  status_is 0
  run check good.db "$head"
  status_is 0
}

@test "on PostgreSQL, too" {
  cat >it <<'SH'
set -e
uri=$("$ROOT/tests/support/postgres" database "$SS_TEST_POSTGRES" audit)
ss-ctl api "$uri" GET /api/v1/users >made # the first use makes the tables
echo 'a long enough one' | ss-ctl user add "$uri" ann@example.com --role admin --password-stdin >made
ss-ctl api "$uri" PATCH /api/v1/users/1 '{"name":"Ünal \u0001\\ , 7:x,","department":"a\nb\t\"c\" 😀"}' >made
ss-ctl key add "$uri" nightly --scope audit:read >made
ss-ctl audit verify "$uri" >ours
sh check.sh "$uri" >theirs
cmp ours theirs
psql -qX "$uri" -c "UPDATE audit SET actor = 'eve' WHERE seq = 2"
ss-ctl audit verify "$uri" || echo "ours: $?"
sh check.sh "$uri" || echo "theirs: $?"
SH
  touch none.ndjson
  run check none.ndjson # for its script
  export ROOT
  run "$ROOT/tests/support/postgres" run bash it
  [ "$status" -ne 69 ] || skip "no PostgreSQL is installed"
  status_is 0
  says 'line 2 was changed'
  says 'ours: 1'
  says 'broken at line 2'
  says 'theirs: 1'
}

@test "people and keys from the shell" {
  touch s.db
  echo 'a long enough one' | ss-ctl user add s.db Ann@Example.com --role admin --password-stdin
  run ss-ctl user add s.db bob@example.com --name Bob --role analyst
  status_is 0
  says 'bob@example.com'
  run ss-ctl user add s.db bob@example.com
  status_is 1
  says 'there is an account with this email'
  run ss-ctl user remove s.db ann@example.com
  status_is 1
  says 'last active administrator'
  ss-ctl user set s.db bob@example.com --role admin --department 'Cards'
  ss-ctl user remove s.db ann@example.com
  run ss-ctl user list s.db --json
  [ "$(jq -c '[.email,.role,.department,.active]' <<<"$output" | paste -sd' ')" = \
    '["ann@example.com","admin",null,false] ["bob@example.com","admin","Cards",true]' ]
  run ss-ctl user set s.db nobody@example.com --role admin
  status_is 1
  run bash -c "echo short | ss-ctl user password s.db bob@example.com --password-stdin"
  status_is 64
  says 'fewer than 12 characters'
  run ss-ctl key add s.db nightly --scope audit:raed
  status_is 64
  run ss-ctl key add s.db nightly --scope audit:read --scope users:read --json
  status_is 0
  id=$(jq -r .id <<<"$output")
  not grep -q "$(jq -r .key <<<"$output")" s.db s.db-wal
  ss-ctl key revoke s.db "$id"
  run ss-ctl key list s.db
  [ -z "$output" ]
  run ss-ctl audit show s.db
  says 'ss-ctl:'
  says 'key.revoke'
  # Neither passwords nor their hashes are in the log.
  run ss-ctl audit export s.db
  not grep -qE 'long enough|argon2|ss_[A-Za-z0-9]{12}_' <<<"$output"
}

@test "the secret of tokens is its owner's, and rotates" {
  printf '%064d\n' 1 >secret
  chmod 644 secret
  run ss-ctl secret rotate secret
  status_is 78
  says 'others may read'
  chmod 600 secret
  ss-ctl secret rotate secret
  [ "$(wc -l <secret)" -eq 2 ]
  [ "$(sed -n 2p secret)" = "$(printf '%064d' 1)" ]
  [ "$(stat -c %a secret)" = 600 ]
}

@test "a server says the head of its log when it stops" {
  make_store s.db
  load server
  serve
  stop
  sed -n 's/^ss-serve: audit head //p' log >told
  [ "$(cat told)" = "$(ss-ctl audit head s.db)" ]
  ss-ctl audit verify s.db --head "$(cat told)"
}
