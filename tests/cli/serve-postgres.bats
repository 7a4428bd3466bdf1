#!/usr/bin/env bats
# A real server over a real PostgreSQL, which is killed meanwhile.
load helper
load server

setup_file() {
  SS_TEST_POSTGRES=$("$BATS_TEST_DIRNAME/../support/postgres" start) || SS_TEST_POSTGRES=
  export SS_TEST_POSTGRES
}
teardown_file() {
  [ -z "$SS_TEST_POSTGRES" ] || "$BATS_TEST_DIRNAME/../support/postgres" stop "$SS_TEST_POSTGRES"
}

@test "payments over PostgreSQL: stored once, through a crash of the database, with the pipeline's memory whole" {
  [ -n "$SS_TEST_POSTGRES" ] || skip "no PostgreSQL here"
  STORE=$("$ROOT/tests/support/postgres" database "$SS_TEST_POSTGRES" served)
  ss-gen -n 60 --seed 4 --customers 10 >in
  ss-run 'features | rules' in >want
  serve --pipeline 'features | rules' --state state
  get_key
  submit() {
    local i
    for i in $(seq 300); do
      ask /payments --data-binary "$1"
      [ "$code" = 503 ] || break
      sleep 0.1
    done
    case $code in 200 | 201) ;; *) echo "status $code: $(cat body)"; return 1 ;; esac
  }
  while IFS= read -r line; do
    submit "$line"
    n=$((${n:-0} + 1))
    if [ "$n" = 30 ]; then
      "$ROOT/tests/support/postgres" kill "$SS_TEST_POSTGRES"
      for i in $(seq 40); do
        [ "$(curl -s "$url/health")" = '{"status":"unhealthy"}' ] && break
        sleep 0.1
      done
      [ "$(curl -s "$url/health")" = '{"status":"unhealthy"}' ]
      "$ROOT/tests/support/postgres" up "$SS_TEST_POSTGRES"
    fi
    if [ "$n" = 40 ]; then # the store is the first server's still, though its connection was lost
      run timeout 30 ss-serve -l 127.0.0.1:0 "$STORE" </dev/null
      status_is 69
      says "a store has one"
    fi
    [ "$n" != 45 ] || { stop -KILL; serve --pipeline 'features | rules' --state state; }
  done <in
  stop
  psql -At "$STORE" -c 'SELECT record FROM payments ORDER BY seq' >got
  same got want
}
