#!/usr/bin/env bats
# A real server on a disk that is slow, or refuses.
load helper
load server

serve_on_disk() {
  [[ ${BUILD:-build} != *-* ]] || skip "the sanitizers' library wants to be the first that is loaded"
  ${CC:-cc} -shared -fPIC -o disk.so "$SUPPORT/slow-disk.c"
  export SLOW_DISK=$PWD/slow BROKEN_DISK=$PWD/broken LD_PRELOAD=$PWD/disk.so
  serve --pipeline 'features | rules'
  unset LD_PRELOAD
  get_key
  ask /payments -d "$(payment first)"
  code_is 201
}
stored() {
  sqlite3 s.db "SELECT count(*) FROM payments WHERE txn_id = '$1'"
}
post() {
  curl -s --max-time 60 -o "$1" -w '%{http_code}' -H "Authorization: Bearer $key" -H 'Content-Type: application/json' \
    -d "$(payment "$1")" "$url/api/v1/payments" >"$1.code"
}
is_stored() {
  local i
  for i in $(seq 500); do [ "$(stored "$1")" = 0 ] || return 0; sleep 0.02; done
  return 1
}
# As many as are said to be taken, which is looked at once a second.
taken() {
  curl -s -H "Authorization: Bearer $key" "$url/metrics" | awk '$1 == "ss_payments_total" { print $2 }'
}
# It is looked at once a second.
health_is() {
  local i
  for i in $(seq 200); do
    ask /health
    [ "$code" != "$1" ] || return 0
    sleep 0.05
  done
  code_is "$1"
}

@test "no answer, and no word to listeners, comes before the disk has it; the next batch does not wait" {
  serve_on_disk
  python3 "$SUPPORT/ws.py" --header "Authorization: Bearer $key" "ws://$at/api/v1/live?topics=payments" --count 2 --seconds 30 >live &
  live=$!
  heard live
  until [ "$(taken)" = 1 ]; do sleep 0.05; done
  touch slow
  post a & posts=$!
  is_stored a
  post b & posts="$posts $!"
  is_stored b
  # Both are committed; neither is answered or told while the disk has them not.
  sleep 0.3
  [ ! -s a.code ] && [ ! -s b.code ]
  not grep -q '"a"' live
  [ "$(taken)" = 1 ]
  # The same payment again waits, too.
  payment a >again.json
  curl -s --max-time 60 -o again -w '%{http_code}' -H "Authorization: Bearer $key" \
    -H 'Content-Type: application/json' -d @again.json "$url/api/v1/payments" >again.code & posts="$posts $!"
  sleep 0.3
  [ ! -s again.code ]
  rm slow
  wait $posts
  [ "$(cat a.code b.code again.code)" = 201201200 ]
  wait "$live" || true
  grep -q '"a"' live
  stop
}

@test "a disk that refuses: 503 for all that waited, nothing is claimed, and all is written anew when it is back" {
  serve_on_disk
  touch broken
  post a
  [ "$(cat a.code)" = 503 ]
  post a
  [ "$(cat a.code)" = 503 ]
  post b
  [ "$(cat b.code)" = 503 ]
  health_is 503
  rm broken
  for i in $(seq 200); do
    post a
    [ "$(cat a.code)" = 503 ] || break
    sleep 0.05
  done
  [ "$(cat a.code)" = 200 ] # it was stored all the same
  post b
  case $(cat b.code) in 200 | 201) ;; *) false ;; esac
  health_is 200
  stop
  [ ! -s s.db-wal ] # all of it is in its place
  [ "$(sqlite3 s.db 'PRAGMA integrity_check')" = ok ]
  [ "$(sqlite3 s.db 'SELECT count(*), count(DISTINCT txn_id) FROM payments')" = "3|3" ]
}
