#!/usr/bin/env bats
# A real server at a port of its own: requests as curl makes them and as nobody should, live feeds, restarts, crashes.
load helper
SUPPORT="$ROOT/tests/support"

# serve [options]: starts it and waits until it listens; its address in $at, the base of its URLs in $url.
serve() {
  local i
  rm -f ready
  NOTIFY_SOCKET= ss-serve -v -l "${LISTEN:-127.0.0.1:0}" "$@" s.db 2>>log <"${INPUT:-/dev/null}" 3>&- &
  server=$!
  for i in $(seq 200); do
    at=$(sed -n 's/^ss-serve: listening at //p' log | tail -n +"${starts:-1}" | head -n 1)
    [ -z "$at" ] || break
    kill -0 "$server" 2>/dev/null || { cat log; return 1; }
    sleep 0.05
  done
  [ -n "$at" ] || { cat log; return 1; }
  starts=$((${starts:-1} + 1))
  url=${SCHEME:-http}://$at
}

# The first administrator, and a key for a program in $key. Once a store.
get_key() {
  local token
  token=$(grep -oE '[A-Za-z0-9]{32}$' log | head -n 1)
  admin=$(curl -s -H 'Content-Type: application/json' "$url/api/v1/auth/setup" \
    -d "{\"token\":\"$token\",\"email\":\"ann@example.com\",\"name\":\"Ann\",\"password\":\"a long enough one\"}" | jq -r .access_token)
  key=$(curl -s -H "Authorization: Bearer $admin" -H 'Content-Type: application/json' "$url/api/v1/keys" \
    -d '{"name":"test","scopes":["payments:read","payments:write","live:read","metrics:read"]}' | jq -r .key)
  [ "${key#ss_}" != "$key" ]
}

# ask PATH [curl's words]: the body in `body`, the head in `head`, the status in $code.
ask() {
  local path=$1
  shift
  : >body
  code=$(curl -s --max-time 20 -o body -D head -w '%{http_code}' -H "Authorization: Bearer $key" \
    -H 'Content-Type: application/json' "$@" "$url/api/v1$path")
}
code_is() {
  [ "$code" = "$1" ] || { echo "status $code, not $1: $(cat body)"; return 1; }
}
# Ends it, by default as a service manager does: then its status is 0.
stop() {
  kill "${1:--TERM}" "$server" 2>/dev/null
  wait "$server" 2>/dev/null || [ "${1:-}" = -KILL ]
}
# A listener has been greeted: what happens from now on it hears.
heard() {
  local i
  for i in $(seq 400); do [ -s "$1" ] && return; sleep 0.02; done
  return 1
}
teardown() {
  [ -z "${server:-}" ] || stop -KILL || true
  cd / && rm -rf "$T"
}
payment() {
  printf '{"txn_id":"%s","timestamp":"%s","user_id":"u1","amount":%s,"currency":"EUR"}' "$1" "${3:-2026-03-01T12:00:00Z}" "${2:-10}"
}

@test "answers what it is, what it has and what it has not, in strict heads" {
  serve
  get_key
  ask /version
  code_is 200
  [ "$(jq -r .version body)" = "$(ss-serve --version | cut -d' ' -f2)" ]
  ask /openapi.json
  code_is 200
  [ "$(jq -r .openapi body)" = 3.1.0 ]
  grep -qi '^etag: ' head
  ask /openapi.json -H "If-None-Match: $(sed -n 's/^etag: \(.*\)\r$/\1/pI' head)"
  code_is 304
  [ ! -s body ]
  ask /nothing
  code_is 404
  grep -qi '^content-type: application/problem+json' head
  for h in 'content-security-policy: default-src .none.' 'x-content-type-options: nosniff' 'x-frame-options: DENY' \
    'referrer-policy: no-referrer' 'cache-control: no-store' 'date: '; do
    grep -qi "^$h" head || { echo "no $h"; cat head; return 1; }
  done
  not grep -qiE '^(server|x-powered-by|access-control-)' head
  ask /version -X DELETE
  code_is 405
  grep -qi '^allow: GET, HEAD, OPTIONS' head
  ask /version -X OPTIONS
  code_is 204
  grep -qi '^allow: GET, HEAD, OPTIONS' head
  ask /version -I
  code_is 200
  grep -qi "^content-length: $(curl -s "$url/api/v1/version" | wc -c)" head
  ask /version -X BREW
  code_is 501
  key=none
  ask /metrics
  code_is 401
}

@test "health tells strangers whether, and friends what; metrics are JSON and Prometheus text" {
  serve --pipeline 'features | rules'
  get_key
  [ "$(curl -s "$url/health")" = '{"status":"ok"}' ]
  ask /payments -d "$(payment a)"
  ask /health
  code_is 200
  [ "$(jq -r '.checks.store.status,.checks.pipeline.status,.checks.input.status' body | paste -sd' ')" = "ok ok none" ]
  for i in $(seq 60); do
    ask /metrics
    [ "$(jq .payments body)" = 1 ] && break
    sleep 0.1
  done
  [ "$(jq -c '[.payments, .commits > 0, .pipeline.healthy]' body)" = '[1,true,true]' ]
  curl -s -H "Authorization: Bearer $key" "$url/metrics" >prom
  grep -q '^ss_payments_total 1$' prom
  grep -q '^ss_store_up 1$' prom
  grep -q '^ss_http_request_seconds_bucket{method="POST",route="/api/v1/payments",le="+Inf"} 1$' prom
  grep -q '^ss_stage_records_total{stage="features"} 1$' prom
  # Every sample is of a declared metric, and is a number.
  awk '/^# TYPE /{type[$3]=$4; next} /^#/{next} {n=$1; sub(/\{.*/,"",n); m=n; sub(/_(bucket|sum|count)$/,"",m)
    if (!(n in type) && !(m in type)) {print "undeclared", $0; bad=1} if ($NF !~ /^[-+0-9.e]+$/) {print "no number", $0; bad=1}} END{exit bad}' prom
}

@test "a payment is scored, stored, and answered once; sent again, it is the same one" {
  serve --pipeline 'features | rules'
  get_key
  ask /payments -d "$(payment a)"
  code_is 201
  grep -qi '^location: /api/v1/payments/a' head
  [ "$(jq -r '.txn_id, .features.user_count_24h, .decision.action' body | paste -sd' ')" = "a 1 allow" ]
  cp body first
  ask /payments -d "$(payment a)"
  code_is 200
  same body first
  ask /payments -d "$(payment a 11)"
  code_is 409
  ask /payments -d "$(payment b 20 2026-03-01T12:00:05Z)"
  [ "$(jq .features.user_count_24h body)" = 2 ]
  ask /payments/a/record
  code_is 200
  same <(jq -S . body) <(jq -S . first)
  ask /payments -d '{"txn_id":"c","user_id":"u1","amount":"x"}'
  code_is 422
  ask /payments -d '{"txn_id":"d","user_id":"u1"}'
  code_is 422
  [ "$(jq -r '.errors[0].name' body)" = amount ]
  ask /payments -d '["not"]'
  code_is 400
  ask /payments -d '{"amount":5,'
  code_is 422
  ask /payments -d '{
    "amount": 5, "user_id": "u1"
  }'
  code_is 201
  [ "$(jq '.txn_id | length' body)" = 24 ]
  [ "$(sqlite3 s.db 'SELECT count(*) FROM payments')" = 3 ]
  # What a stage makes is not the client's to say.
  ask /payments -d '{"txn_id":"e","amount":5,"score":{"value":0,"level":"NONE"},"decision":{"action":"allow"}}'
  code_is 201
  [ "$(jq -c '[.score, .decision.score]' body)" = '[null,0]' ]
}

@test "many clients at once: each payment is stored once, in batches" {
  serve --pipeline 'features | rules'
  get_key
  for c in $(seq 8); do
    for i in $(seq 25); do
      printf 'next\nurl = "%s/api/v1/payments"\nheader = "Authorization: Bearer %s"\nheader = "Content-Type: application/json"\ndata = "%s"\n' \
        "$url" "$key" "$(payment "$c-$i" | sed 's/"/\\"/g')"
      # the same one from every client, too
      printf 'next\nurl = "%s/api/v1/payments"\nheader = "Authorization: Bearer %s"\nheader = "Content-Type: application/json"\ndata = "%s"\n' \
        "$url" "$key" "$(payment "all-$i" | sed 's/"/\\"/g')"
    done | sed 1d >"c$c"
  done
  for c in $(seq 8); do
    curl -s -w '%{http_code}\n' -o /dev/null -K "c$c" >"o$c" &
    pids="$pids $!"
  done
  wait $pids
  [ "$(cat o? | grep -vc '^20[01]$')" -le 200 ] # bodies
  [ "$(sqlite3 s.db 'SELECT count(*), count(DISTINCT txn_id) FROM payments')" = "225|225" ]
  ask /payments -d "$(payment last)"
  [ "$(jq .features.user_count_24h body)" = 226 ]
}

@test "what is no request, or two at once, is refused; pipelined ones are not mixed up" {
  serve --pipeline 'features | rules'
  get_key
  raw() { python3 "$SUPPORT/raw.py" "${slow[@]}" "$at" "$@"; }
  H='Host: x\r\n'
  A="Authorization: Bearer $key\\r\\n"
  B=$(payment raw)
  L=${#B}
  get="GET /api/v1/version HTTP/1.1\\r\\n$H\\r\\n"
  post="POST /api/v1/payments HTTP/1.1\\r\\n$H$A"
  slow=(--wait 0.3)
  n=0
  expect() {
    local want=$1
    shift
    got=$(raw "$@")
    [ "$got" = "$want" ] || { echo "$* gives '$got', not '$want'"; n=$((n + 1)); }
  }
  expect '200 200 404 open' "$get${get}GET /api/v1/none HTTP/1.1\\r\\n$H\\r\\n"
  expect '201 200 200 open' "${post}Content-Length: $L\\r\\n\\r\\n$B${post}Content-Length: $L\\r\\n\\r\\n$B$get"
  expect '200 200 open' "${post}Transfer-Encoding: chunked\\r\\n\\r\\n$(printf %x "$L")\\r\\n$B\\r\\n0\\r\\n\\r\\n$get"
  expect '400 closed' "${post}Content-Length: 5\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n$get"
  expect '400 closed' "${post}Content-Length: $L\\r\\nContent-Length: 5\\r\\n\\r\\n$B"
  expect '400 closed' "${post}Content-Length : $L\\r\\n\\r\\n$B"
  expect '400 closed' "${post}Content-Length: +$L\\r\\n\\r\\n$B"
  expect '413 closed' "${post}Content-Length: 99999999\\r\\n\\r\\n$B"
  expect '413 closed' "${post}Transfer-Encoding: chunked\\r\\n\\r\\nfffffff\\r\\n"
  expect '400 200 open' "${post}\\r\\n$get"
  expect '401 200 open' "POST /api/v1/payments HTTP/1.1\\r\\n${H}Content-Length: 5\\r\\n\\r\\nhello$get"
  expect '200 200 open' "GET /api/v1/version HTTP/1.1\\r\\n${H}Content-Length: 5\\r\\n\\r\\nhello$get"
  expect '400 closed' 'GET /api/v1/version HTTP/1.1\nHost: x\n\n'
  expect '400 closed' 'GET /api/v1/version HTTP/1.1\r\n\r\n'
  expect '505 closed' "GET /api/v1/version HTTP/9.9\\r\\n$H\\r\\n"
  expect '505 closed' 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
  expect '414 closed' "GET /$(head -c 9000 /dev/zero | tr '\0' a) HTTP/1.1\\r\\n$H\\r\\n"
  expect '431 closed' "GET / HTTP/1.1\\r\\n${H}A: $(head -c 17000 /dev/zero | tr '\0' a)\\r\\n\\r\\n"
  expect '404 open' "GET /api/v1/../../../../etc/passwd HTTP/1.1\\r\\n$H\\r\\n"
  expect '400 open' "GET /api/v1/payments/%00 HTTP/1.1\\r\\n$H$A\\r\\n"
  expect '426 open' "GET /api/v1/live HTTP/1.1\\r\\n$H$A\\r\\n"
  expect '400 open' "GET /api/v1/live HTTP/1.1\\r\\n$H${A}Connection: upgrade\\r\\nUpgrade: websocket\\r\\n\\r\\n"
  expect '200 closed' "GET /api/v1/version HTTP/1.0\\r\\n\\r\\n"
  slow=(--wait 0.3 --slow 0.05)
  expect '100 200 open' "${post}Expect: 100-continue\\r\\nContent-Length: $L\\r\\n\\r\\n" "$B"
  expect '200 open' "${post}Content-Le" "ngth: $L\\r" "\\n\\r" "\\n${B:0:9}" "${B:9}"
  [ "$n" = 0 ]
  [ "$(sqlite3 s.db 'SELECT count(*) FROM payments')" = 1 ]
  ask /version
  code_is 200
}

@test "who is slow is waited for, for a while" {
  serve --timeout 1s --pipeline 'features | rules'
  get_key
  [ "$(python3 "$SUPPORT/raw.py" --wait 4 "$at" 'GET /api')" = closed ]
  [ "$(python3 "$SUPPORT/raw.py" --wait 4 "$at" '')" = closed ]
  [ "$(python3 "$SUPPORT/raw.py" --wait 4 "$at" "POST /api/v1/payments HTTP/1.1\\r\\nHost: x\\r\\nAuthorization: Bearer $key\\r\\nContent-Length: 50\\r\\n\\r\\n{")" = '408 closed' ]
}

@test "live: payments, alerts and metrics over a WebSocket and as events; resumed; filtered; told to go" {
  serve --pipeline 'features | rules | alert'
  get_key
  ws() { python3 "$SUPPORT/ws.py" --header "Authorization: Bearer $key" "$@"; }
  run python3 "$SUPPORT/ws.py" "ws://$at/api/v1/live"
  status_is 2
  says '401'
  run ws "ws://$at/api/v1/live?topics=nothing"
  status_is 2
  says '422'
  run ws "ws://$at/api/v1/live?topics=settings"
  status_is 2
  says '403'
  ws "ws://$at/api/v1/live?topics=payments" --count 3 >got &
  pid=$!
  ws "ws://$at/ws/metrics" --count 2 >metrics &
  metrics=$!
  curl -sN --max-time 6 -H "Authorization: Bearer $key" "$url/api/v1/events?topics=payments" >events &
  curl=$!
  heard got
  heard events
  ask /payments -d "$(payment a)"
  for i in $(seq 100); do [ "$(wc -l <got)" -ge 2 ] && break; sleep 0.02; done
  ask /payments -d "$(payment b 20 2026-03-01T12:00:05Z)"
  wait "$pid"
  sed -n 1p got | jq -e '.[0].topic == "hello"'
  [ "$(sed 1d got | jq -c '.[] | [.topic, .items[].txn_id]' | paste -sd' ')" = '["payments","a"] ["payments","b"]' ]
  last=$(sed -n 2p got | jq '.[0].id')
  ws "ws://$at/api/v1/live?topics=payments&since=$last" --count 2 >again
  sed -n 2p again | jq -e '.[0].items[0].txn_id == "b"'
  run ws "ws://$at/api/v1/live?topics=payments" --send '{"topics":["alerts"]}' --send 'ping' --seconds 1 --count 2
  status_is 1
  wait "$metrics"
  sed -n 2p metrics | jq -e '.[0].topic == "metrics" and (.[0].items[0].payments_per_s >= 0)'
  kill "$curl"
  [ "$(grep -c '^event: payments' events)" = 2 ]
  sed -n 's/^data: //p' events | tail -n 1 | jq -e '.items[0].txn_id == "b"'
  ws "ws://$at/api/v1/live" --count 100 --seconds 10 >bye &
  pid=$!
  heard bye
  stop
  wait "$pid" && false || [ $? = 3 ]
  tail -n 1 bye | grep -q '^closed 1001'
}

@test "live: one who does not read is not waited for" {
  serve --pipeline 'features | rules | alert'
  get_key
  python3 "$SUPPORT/ws.py" --header "Authorization: Bearer $key" "ws://$at/api/v1/live?topics=payments" --small --stall 4 --count 1000 --seconds 5 >slow &
  slow=$!
  python3 "$SUPPORT/ws.py" --header "Authorization: Bearer $key" "ws://$at/api/v1/live?topics=payments" --count 1000 --seconds 4 >quick &
  quick=$!
  ss-gen -n 3000 --seed 5 | awk -v u="$url/api/v1/payments" -v k="$key" '{gsub(/"/,"\\\""); print (NR>1?"next\n":"") "url = \"" u "\"\nheader = \"Authorization: Bearer " k "\"\nheader = \"Content-Type: application/json\"\noutput = /dev/null\ndata = \"" $0 "\""}' >many
  curl -s --max-time 4 -Z --parallel-max 16 -K many || true
  wait "$quick" || true
  wait "$slow" || true
  [ "$(wc -l <quick)" -gt 10 ]
  jq -es 'add | map(select(.topic == "payments").items | length) | add > 50' quick
}

@test "a live stream: stored and decided with a pipeline, told either way" {
  ss-gen -n 500 --seed 3 >in
  ss-run 'features | rules' in >want
  mkfifo pipe
  INPUT=pipe serve --pipeline 'features | rules' &
  exec 4>pipe
  wait $! || true
  for i in $(seq 100); do grep -q 'listening at' log && break; sleep 0.05; done
  server=$(pgrep -n -f "ss-serve.*$T" || pgrep -n -x ss-serve)
  cat in >&4
  for i in $(seq 100); do
    [ "$(sqlite3 s.db 'SELECT count(*) FROM payments')" = 500 ] && break
    sleep 0.05
  done
  sqlite3 s.db 'SELECT record FROM payments ORDER BY seq' >got
  same got want
  head -n 3 in >&4
  printf 'no record\n{"amount":1}\n' >&4
  exec 4>&-
  for i in $(seq 100); do grep -q 'was rejected' log && break; sleep 0.05; done
  grep -q 'was rejected' log
  [ "$(sqlite3 s.db 'SELECT count(*) FROM payments')" = 500 ]
}

# Payments posted one after the other with the server killed now and then; what is stored in the end is what one run of
# the pipeline makes of them, and what was answered is among it.
@test "kill -9 at any moment loses nothing that was answered, doubles nothing, and the pipeline goes on" {
  ss-gen -n 240 --seed 9 --customers 20 >in
  ss-run 'features | rules' in >want
  serve --pipeline 'features | rules' --state state --state-every 1s
  get_key
  i=0
  kills=0
  while IFS= read -r line; do
    i=$((i + 1))
    if [ $((i % (240 / ${KILLS:-6}))) = 0 ]; then
      [ $((i % 2)) = 0 ] || sleep 0.$((i % 10))
      (sleep 0.00$((i % 10)); kill -9 "$server") &
      kills=$((kills + 1))
    fi
    while :; do
      code=$(curl -s --max-time 10 -o body -w '%{http_code}' -H "Authorization: Bearer $key" -H 'Content-Type: application/json' \
        --data-binary "$line" "$url/api/v1/payments" || true)
      case $code in
      200 | 201) break ;;
      esac
      kill -0 "$server" 2>/dev/null && sleep 0.02 && continue
      wait "$server" 2>/dev/null || true
      serve --pipeline 'features | rules' --state state --state-every 1s
    done
    printf '%s\n' "$(cat body)" >>answers
  done <in
  [ "$kills" -ge 6 ]
  stop
  sqlite3 s.db 'SELECT record FROM payments ORDER BY seq' >got
  same got want
  same answers want
  [ "$(sqlite3 s.db 'PRAGMA integrity_check')" = ok ]
}

@test "SIGTERM: what is under way is answered, the state is kept, and a restart goes on from it" {
  serve --pipeline 'features | rules' --state state
  get_key
  ask /payments -d "$(payment a)"
  stop
  [ -s state ]
  [ ! -S s.sock ]
  serve --pipeline 'features | rules' --state state
  ask /payments -d "$(payment b 20 2026-03-01T12:00:05Z)"
  [ "$(jq .features.user_count_24h body)" = 2 ]
  rm -f state state.1
  stop -KILL
  serve --pipeline 'features | rules'
  ask /payments -d "$(payment c 20 2026-03-01T12:00:06Z)"
  [ "$(jq .features.user_count_24h body)" = 3 ]
}

@test "a store that is locked: 503 and unhealthy, nothing lost, and fine again" {
  serve --pipeline 'features | rules'
  get_key
  ask /payments -d "$(payment a)"
  code_is 201
  python3 -c 'import sqlite3, time
db = sqlite3.connect("s.db", isolation_level=None); db.execute("BEGIN IMMEDIATE"); print("locked", flush=True); time.sleep(6)' >lock &
  holder=$!
  while [ ! -s lock ]; do sleep 0.02; done
  ask /payments -d "$(payment b)"
  code_is 503
  grep -qi '^retry-after: 1' head
  for i in $(seq 20); do
    [ "$(curl -s -o /dev/null -w '%{http_code}' "$url/health")" = 503 ] && break
    sleep 0.1
  done
  [ "$(curl -s "$url/health")" = '{"status":"unhealthy"}' ]
  wait "$holder"
  for i in $(seq 50); do
    ask /payments -d "$(payment b)"
    [ "$code" = 503 ] || break
    sleep 0.1
  done
  [ "$code" = 201 ] || [ "$code" = 200 ]
  [ "$(jq .features.user_count_24h body)" = 2 ]
  [ "$(sqlite3 s.db 'SELECT count(*) FROM payments')" = 2 ]
}

@test "TLS: 1.2 and above, HTTP/2 when asked for, a new certificate on SIGHUP" {
  cert() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
    -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem 2>/dev/null; }
  cert one
  SCHEME=https serve --cert cert.pem --key key.pem --http2 --pipeline 'features | rules'
  curl -s --cacert cert.pem "$url/health" | grep -q '"ok"'
  curl -sv --cacert cert.pem --http1.1 "$url/health" 2>&1 | grep -qi 'strict-transport-security'
  [ "$(curl -s --cacert cert.pem --http2 -o /dev/null -w '%{http_version} %{http_code}' "$url/health")" = '2 200' ]
  not curl -s --cacert cert.pem --tls-max 1.1 "$url/health"
  token=$(grep -oE '[A-Za-z0-9]{32}$' log | head -n 1)
  [ "$(curl -s --cacert cert.pem --http2 -o body -w '%{http_version} %{http_code}' -H 'Content-Type: application/json' "$url/api/v1/auth/setup" \
    -d "{\"token\":\"$token\",\"email\":\"ann@example.com\",\"name\":\"Ann\",\"password\":\"a long enough one\"}")" = '2 201' ]
  admin=$(jq -r .access_token body)
  [ "$(curl -s --cacert cert.pem --http2 -o body -w '%{http_code}' -H "Authorization: Bearer $admin" -H 'Content-Type: application/json' \
    -d "$(payment a)" "$url/api/v1/payments")" = 201 ]
  [ "$(curl -s --cacert cert.pem --http2 -H "Authorization: Bearer $admin" "$url/api/v1/payments/a/record" | jq -r .txn_id)" = a ]
  curl -s --cacert cert.pem --http2 "$url/api/v1/openapi.json" | jq -e '.openapi' >/dev/null
  python3 "$SUPPORT/ws.py" --header "Authorization: Bearer $admin" "wss://$at/api/v1/live" | grep -q hello
  cp cert.pem old.pem
  cert two
  kill -HUP "$server"
  for i in $(seq 50); do
    curl -s --cacert cert.pem "$url/health" | grep -q '"ok"' && break
    sleep 0.1
  done
  curl -s --cacert cert.pem "$url/health" | grep -q '"ok"'
  not curl -s --cacert old.pem "$url/health"
}

@test "a unix socket; an address that is taken; a server that died leaves no socket in the way" {
  LISTEN=unix:s.sock serve
  [ "$(curl -s --unix-socket s.sock http://x/health)" = '{"status":"ok"}' ]
  run ss-serve -l unix:s.sock other.db </dev/null
  status_is 73
  says 'cannot listen at'
  stop -KILL
  LISTEN=unix:s.sock serve
  [ "$(curl -s --unix-socket s.sock http://x/health)" = '{"status":"ok"}' ]
  stop
  [ ! -e s.sock ]
  run ss-serve -l nowhere s.db </dev/null
  status_is 64
  run ss-serve --pipeline 'gen' -l 127.0.0.1:0 s.db </dev/null
  [ "$status" != 0 ]
  run ss-serve --cert none.pem --key none.pem -l 127.0.0.1:0 s.db </dev/null
  [ "$status" = 78 ] || [ "$status" = 66 ]
}

@test "a service manager is told when it is ready" {
  python3 -c 'import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind("notify"); print("bound", flush=True); print(s.recv(100).decode(), flush=True); print(s.recv(100).decode(), flush=True)' >told &
  while [ ! -s told ]; do sleep 0.02; done
  NOTIFY_SOCKET="$T/notify" ss-serve -l unix:s.sock s.db 2>log </dev/null 3>&- &
  server=$!
  for i in $(seq 100); do grep -q READY=1 told && break; sleep 0.05; done
  grep -q READY=1 told
  stop
  grep -q STOPPING=1 told
}

@test "the log of requests has no secrets; other sites' pages may read only when allowed" {
  serve --log-requests --allow-origin https://a.example
  get_key
  ask '/events?topics=nothing&ticket=very-secret'
  ask /version -H 'Origin: https://a.example'
  grep -qi '^access-control-allow-origin: https://a.example' head
  ask /version -H 'Origin: https://b.example'
  not grep -qi '^access-control-allow-origin' head
  grep -q 'GET /api/v1/events 422 .* key:test' log
  not grep -qE "very-secret|$key|$admin" log
}

@test "ten thousand idle connections leave room for others" {
  [ "$(ulimit -Hn)" -ge 12000 ] || skip "too few descriptors here"
  ulimit -n "$(ulimit -Hn)"
  serve --pipeline 'features | rules'
  get_key
  python3 - "${at##*:}" <<'PY' >idle &
import resource, socket, sys, time
held = []
for i in range(10000):
    c = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    c.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    held.append(c)
for c in held:
    assert c.recv(4096).startswith(b"HTTP/1.1 200")
print("open", flush=True)
time.sleep(30)
PY
  idle=$!
  for i in $(seq 200); do [ -s idle ] && break; sleep 0.1; done
  [ -s idle ]
  ask /metrics
  start=$(date +%s%N)
  for i in $(seq 20); do ask /version; code_is 200; done
  [ $((($(date +%s%N) - start) / 1000000)) -lt 4000 ]
  ask /payments -d "$(payment a)"
  code_is 201
  kill "$idle"
}
