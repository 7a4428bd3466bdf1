#!/usr/bin/env bats
# Payments handed on to a topic: acknowledged before they are accepted, refused while the broker is away.
bats_require_minimum_version 1.5.0
load helper
load server
eval "$(declare -f setup | sed '1s/setup/fresh_folder/')"

# A real broker, once for the file; where there is none, the tests that need it are skipped.
setup_file() {
  local root
  root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
  export KAFKA_DIR=$BATS_FILE_TMPDIR/kafka KAFKA= WHY_NOT=
  command -v kcat >/dev/null || WHY_NOT='kcat is not installed'
  [ -n "$WHY_NOT" ] || KAFKA=$("$root/scripts/kafka" start --dir "$KAFKA_DIR" 2>"$BATS_FILE_TMPDIR/why") ||
    WHY_NOT="no broker: $(tail -n 1 "$BATS_FILE_TMPDIR/why")"
}
teardown_file() { "$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/scripts/kafka" wipe --dir "$KAFKA_DIR"; }
setup() { fresh_folder; }
needs_broker() { [ -z "$WHY_NOT" ] || skip "$WHY_NOT"; }
broker() { "$ROOT/scripts/kafka" "$@" --dir "$KAFKA_DIR"; }
# The stream's state in the server's health becomes $1.
stream_is() {
  local i
  for i in $(seq 300); do
    ask /health
    [ "$(jq -r .checks.stream.status body)" = "$1" ] && return
    sleep 0.1
  done
  cat body log
  return 1
}

@test "without --stream it says what would be needed" {
  serve
  get_key
  ask /payments/stream -d "$(payment a)"
  code_is 501
  jq -r .detail body | grep -q -- '--stream kafka://'
  stream_is none
  run ss-serve --stream out.ndjson s.db
  status_is 64
  says "--stream takes kafka://HOST:PORT/TOPIC"
}

@test "a payment is in the topic before it is accepted" {
  serve --stream kafka://mock:1/raw -X test.mock.num.brokers=1
  get_key
  stream_is ok
  [ "$(jq -r .status body)" = ok ]
  ask /payments/stream -d "$(payment a)"
  code_is 202
  grep -qi '^location: /api/v1/payments/a' head
  [ "$(jq -c . body)" = '{"txn_id":"a","status":"accepted","stream":"raw"}' ]
  ask /payments/stream -d '{"amount":"x"}'
  code_is 422
  for i in $(seq 100); do
    ask /metrics
    [ "$(jq .streamed body)" = 1 ] && break
    sleep 0.05
  done
  [ "$(jq .streamed body)" = 1 ] || { cat body log; return 1; }
  stop
}

@test "a broker that is away: degraded, 503, and nothing else suffers" {
  serve --pipeline rules --stream kafka://127.0.0.1:1/raw
  get_key
  stream_is away
  [ "$(jq -r .status body)" = degraded ]
  ask /payments/stream -d "$(payment a)"
  code_is 503
  grep -qi '^retry-after: ' head
  ask /payments -d "$(payment a)"
  code_is 201
  stop
}

@test "on a real broker: keyed, read by others, refused while it is away, accepted again when it is back" {
  needs_broker
  broker topic raw 4
  serve --stream "kafka://$KAFKA/raw?key=user_id"
  get_key
  stream_is ok
  seq 40 | xargs -P 8 -I{} curl -s -o answer.{} -w '%{http_code}\n' -H "Authorization: Bearer $key" \
    -H 'Content-Type: application/json' -d '{"txn_id":"t{}","user_id":"u{}","amount":{}}' "$url/api/v1/payments/stream" >codes
  [ "$(sort -u codes)" = 202 ]
  kcat -b "$KAFKA" -C -t raw -e -q -f '%k %s\n' >got
  [ "$(wc -l <got)" -eq 40 ]
  sed 's/^\([^ ]*\) .*"txn_id":"t\([0-9]*\)".*/\1 u\2/' got | awk '$1 != $2' | same /dev/stdin /dev/null
  broker pause 1
  ask /payments/stream -d "$(payment gone)"
  code_is 503
  stream_is away
  [ "$(jq -r .status body)" = degraded ]
  broker resume 1
  stream_is ok
  ask /payments/stream -d "$(payment back)"
  code_is 202
  kcat -b "$KAFKA" -C -t raw -e -q | grep -q '"txn_id":"back"'
  stop
}
