#!/usr/bin/env bats
# A real server: requests as curl makes them, live feeds, streams, restarts, TLS.
load helper
load server

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
  for probe in healthz readyz livez; do # no page that says all is well
    [ "$(curl -s -o body -w '%{http_code}' "$url/$probe")" = 404 ]
  done
  ask /version -X BREW
  code_is 501
  [ "$(jq -r .title body)" = 'Not Implemented' ]
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
  for i in $(seq 60); do # stages tell once a second
    curl -s -H "Authorization: Bearer $key" "$url/metrics" >prom
    grep -q '^ss_stage_records_total{stage="features"} 1$' prom && break
    sleep 0.1
  done
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
  curl -s -o body -D head -H "Authorization: Bearer $admin" "$url/api/v1/export?format=ndjson"
  [ ! -s body ] && grep -qi '^content-type: application/x-ndjson' head # a file of nothing
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
  curl -sN --max-time 15 -H "Authorization: Bearer $key" "$url/api/v1/events?topics=payments" >events &
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
  kill "$curl" 2>/dev/null || true
  [ "$(grep -c '^event: payments' events)" = 2 ]
  sed -n 's/^data: //p' events | tail -n 1 | jq -e '.items[0].txn_id == "b"'
  ws "ws://$at/api/v1/live" --count 100 --seconds 10 >bye &
  pid=$!
  heard bye
  stop
  wait "$pid" && false || [ $? = 3 ]
  tail -n 1 bye | grep -q '^closed 1001'
}

@test "a live stream: stored and decided with a pipeline, told either way" {
  ss-gen -n 500 --seed 3 >in
  ss-run 'features | rules' in >want
  mkfifo pipe
  exec 4<>pipe
  INPUT=pipe serve --pipeline 'features | rules'
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

@test "SIGTERM: what is under way is answered, the state is kept, and a restart goes on from it" {
  serve --pipeline 'features | rules' --state state
  get_key
  ask /payments -d "$(payment a)"
  stop
  [ -s state ]
  [ ! -S s.sock ]
  mkdir copied
  cp s.db copied/ # alone, without the log beside it
  [ "$(sqlite3 copied/s.db 'SELECT count(*) FROM payments')" = 1 ]
  serve --pipeline 'features | rules' --state state
  ask /payments -d "$(payment b 20 2026-03-01T12:00:05Z)"
  [ "$(jq .features.user_count_24h body)" = 2 ]
  rm -f state state.1
  stop -KILL
  serve --pipeline 'features | rules'
  ask /payments -d "$(payment c 20 2026-03-01T12:00:06Z)"
  [ "$(jq .features.user_count_24h body)" = 3 ]
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

@test "TLS: a new certificate that cannot be used leaves the old one in use, and it is said" {
  cert() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
    -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem 2>/dev/null; }
  cert one
  cp cert.pem one.pem
  cp key.pem one.key
  SCHEME=https serve --cert cert.pem --key key.pem
  reload() {
    local said
    said=$(grep -c 'the certificate in use stays' log || true)
    kill -HUP "$server"
    for i in $(seq 100); do [ "$(grep -c 'the certificate in use stays' log)" -gt "$said" ] && break; sleep 0.05; done
    [ "$(grep -c 'the certificate in use stays' log)" -gt "$said" ]
    curl -s --cacert one.pem "$url/health" | grep -q '"ok"'
  }
  cert two
  cp one.key key.pem
  reload # the key of another: as between the two steps of a renewal
  echo none >cert.pem
  reload
  rm cert.pem
  reload
  cert three
  kill -HUP "$server"
  for i in $(seq 100); do curl -s --cacert cert.pem "$url/health" | grep -q '"ok"' && break; sleep 0.05; done
  curl -s --cacert cert.pem "$url/health" | grep -q '"ok"'
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

@test "drift is told against the training of the model that scores" {
  ss-gen -n 3000 --seed 7 >p
  ss-train -q -o m.ssm --rounds 5 p >/dev/null
  serve --pipeline 'features | score -m m.ssm | rules' -i p
  get_key
  key=$admin
  for i in $(seq 200); do
    ask "/analytics/drift?since=$(head -n 1 p | jq -r .timestamp)&until=$(tail -n 1 p | jq -r .timestamp)"
    [ "$(jq .payments body)" -ge 1900 ] && break
    sleep 0.1
  done
  [ "$(jq -r .reference body)" = training ]
  [ "$(jq -r .model body)" = "gbt:$(sha256sum m.ssm | cut -c1-8)" ]
  [ "$(jq .payments_before body)" = 3000 ]
  jq -c '.items[] | select(.psi > 0.1)' body | same /dev/stdin /dev/null # they are what it was trained on
  [ "$(jq '.items | length' body)" -gt 40 ]
}

@test "what the settings keep no longer is deleted while payments go on" {
  serve --pipeline rules --prune-every 200ms
  get_key
  for d in 01 02 03; do ask /payments -d "$(payment "old$d" 10 "2020-01-${d}T00:00:00Z")"; done
  ask /payments -d "$(payment new 10 "$(date -u +%FT%TZ)")"
  sleep 0.5 # some rounds, none of which may take it
  ask /payments/old01
  code_is 200
  key2=$key key=$admin
  ask /settings -X PATCH -d '{"retention.payments_days":30}'
  code_is 200
  for i in $(seq 200); do
    ask /payments/old01
    [ "$code" = 404 ] && break
    sleep 0.1
  done
  code_is 404
  ask /payments/new
  code_is 200
  for i in $(seq 100); do
    ask '/audit?action=store.prune'
    [ "$(jq '[.items[].new.payments] | add' body)" = 3 ] && break
    sleep 0.1
  done
  jq -c '[.items[].new.payments] | add' body | same /dev/stdin <(echo 3) || { cat body; return 1; }
}
