#!/usr/bin/env bats
# Card numbers that somebody posts or pipes in: none of them is kept, answered or passed on.
load helper
load server

pay() { printf '{"txn_id":"%s","timestamp":"2026-03-01T12:00:00Z","user_id":"u1","amount":10,%s}' "$1" "$2"; }
nowhere() { ! grep -qE '4111[ -]?1111[ -]?1111[ -]?1111' "$@"; }

@test "posted card numbers are masked before anything is done with them, and a second posting is the same payment" {
  serve --pipeline 'features | rules'
  get_key
  ask /payments -d "$(pay a '"card_id":"4111 1111 1111 1111","note":"4111111111111111"')"
  code_is 201
  [ "$(jq -c '[.card_id, .card_last4, .note]' body)" = '["411111******1111","1111","411111******1111"]' ]
  ask /payments -d "$(pay a '"card_id":"4111 1111 1111 1111","note":"4111111111111111"')"
  code_is 200
  ask /payments/a/record
  nowhere body
  key=$admin
  ask /score -d "$(pay b '"card_number":4111111111111111')"
  code_is 200
  [ "$(jq -r .card_number body)" = '411111******1111' ]
  ask /score/batch -d "{\"payments\":[$(pay c '"pan":"4111111111111111"')]}"
  code_is 200
  nowhere body
  ask /what-if -d "$(pay d '"card_id":"4111111111111111"')"
  code_is 200
  nowhere body
  stop
  nowhere s.db* log
}

@test "with a key they become what ss-ingest makes of them; kept they are where that is asked for" {
  printf '0123456789abcdef\n' >pan.key
  printf 'timestamp = t\namount = a\nuser_id = u\ncard_id = c pan\n' >m.map
  printf 't,a,u,c\n2026-03-01T12:00:00Z,10,u1,4111111111111111\n' | ss-ingest -q -m ./m.map --pan-key pan.key >want
  serve --pan-key pan.key --pipeline 'features | rules'
  get_key
  ask /payments -d "$(pay a '"card_id":"4111-1111-1111-1111"')"
  same <(jq -c '[.card_id, .card_last4]' body) <(jq -c '[.card_id, .card_last4]' want)
  stop
  pay x '"card_id":"4111111111111111"' | ss-store -q --pan keep k.db | grep -q 4111111111111111
  run ss-store -q --pan hash k.db </dev/null
  status_is 64
  says '--pan hash needs --pan-key FILE'
  run ss-serve --pan hide s.db </dev/null
  status_is 64
  says "--pan takes hash, mask or keep, not 'hide'"
}

@test "lines that are piped in are hidden as well, by the server and by the store, and passed on so" {
  for i in 1 2 3; do pay "t$i" '"card_id":"4111111111111111"'; echo; done >in
  ss-store -q a.db in >out
  nowhere out a.db*
  [ "$(jq -c .card_id out | sort -u)" = '"411111******1111"' ]
  ss-run -q 'features | rules | store b.db' in >out
  nowhere out b.db*
  [ "$(jq -c '[.card_id,.features.user_count_24h]' out | tail -n 1)" = '["411111******1111",3]' ]
  mkfifo pipe
  exec 4<>pipe
  INPUT=pipe serve --pipeline rules
  cat in >&4
  for i in $(seq 100); do
    [ "$(sqlite3 s.db 'SELECT count(*) FROM payments')" = 3 ] && break
    sleep 0.05
  done
  exec 4>&-
  [ "$(sqlite3 s.db 'SELECT DISTINCT card_id FROM payments')" = '411111******1111' ]
  stop
  nowhere s.db* log
}
