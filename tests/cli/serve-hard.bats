#!/usr/bin/env bats
# A real server under what nobody should do to it, and what happens all the same.
load helper
load server

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
  H='Host: x\r\n'
  A="Authorization: Bearer $key\\r\\n"
  B=$(payment raw)
  L=${#B}
  ask /payments -d "$B" # so that it does not matter which of the cases is first
  code_is 201
  get="GET /api/v1/version HTTP/1.1\\r\\n$H\\r\\n"
  post="POST /api/v1/payments HTTP/1.1\\r\\n$H$A"
  # want: BYTES, one after the other over connections of their own; the answers' statuses and how it ended are compared.
  expect() { printf '%s\t%s\n' "$1" "$2" >>cases; }
  expect '200 200 404 open' "$get${get}GET /api/v1/none HTTP/1.1\\r\\n$H\\r\\n"
  expect '200 200 200 open' "${post}Content-Length: $L\\r\\n\\r\\n$B${post}Content-Length: $L\\r\\n\\r\\n$B$get"
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
  expect '100 200 open' "${post}Expect: 100-continue\\r\\nContent-Length: $L\\r\\n\\r\\n\\|$B"
  expect '200 open' "${post}Content-Le\\|ngth: $L\\r\\|\\n\\r\\|\\n${B:0:9}\\|${B:9}"
  python3 "$SUPPORT/raw.py" "$at" <cases
  [ "$(sqlite3 s.db 'SELECT count(*) FROM payments')" = 1 ]
  ask /version
  code_is 200
}

@test "who is slow is waited for, for a while" {
  serve --timeout 1s --pipeline 'features | rules'
  get_key
  printf '%s\t%s\n' closed 'GET /api' closed '' '408 closed' \
    "POST /api/v1/payments HTTP/1.1\\r\\nHost: x\\r\\nAuthorization: Bearer $key\\r\\nContent-Length: 50\\r\\n\\r\\n{" >cases
  python3 "$SUPPORT/raw.py" --wait 4 "$at" <cases
}

@test "who asks for one file after another keeps nobody from anything else" {
  ss-gen -n 8000 | ss-store --no-cases s.db >/dev/null
  serve
  get_key
  reader=$(curl -s -H "Authorization: Bearer $admin" -H 'Content-Type: application/json' "$url/api/v1/keys" \
    -d '{"name":"files","scopes":["export","analytics:read"]}' | jq -r .key)
  for i in $(seq 30); do
    curl -s -o /dev/null -H "Authorization: Bearer $reader" "$url/api/v1/export?kind=payments" 2>/dev/null && echo "$i" >>files &
  done
  for i in $(seq 200); do
    waiting=$(curl -s -H "Authorization: Bearer $admin" "$url/api/v1/health" | jq .readers_waiting)
    [ "$waiting" -ge 20 ] && break
    sleep 0.02
  done
  [ "$waiting" -ge 20 ]
  curl -sf -H "Authorization: Bearer $reader" "$url/api/v1/analytics/kpis" >/dev/null
  curl -sf -o /dev/null -H 'Content-Type: application/json' "$url/api/v1/auth/login" -d '{"email":"ann@example.com","password":"a long enough one"}'
  touch files
  [ "$(wc -l <files)" -lt 25 ] # most of the files are still to come
}

@test "live: a WebSocket that breaks the rules is told so, and ended" {
  serve --pipeline 'rules'
  get_key
  closes() { # CODE HEX: frames with a mask of zeros
    run python3 "$SUPPORT/ws.py" --header "Authorization: Bearer $key" "ws://$at/api/v1/live?topics=alerts" --raw "$2" --count 1000
    [ "$status" -eq 3 ] && [ "${lines[-1]}" = "closed $1" ] || { echo "$2: $output"; return 1; }
  }
  closes 1002 8102686a                           # no mask
  closes 1002 c1810000000061                     # an extension that was not agreed upon
  closes 1002 0981000000006a                     # a ping in pieces
  closes 1002 80810000000061                     # the rest of a message that did not begin
  closes 1002 0181000000006181810000000061       # a message inside another
  closes 1003 82810000000061                     # binary
  closes 1007 818200000000c328                   # not UTF-8
  closes 1009 81ff3fffffffffffffff00000000       # too long
  closes 1000 88820000000003e8
  # In pieces, with a ping between them: as it should be.
  python3 "$SUPPORT/ws.py" --header "Authorization: Bearer $key" "ws://$at/api/v1/live?topics=alerts" \
    --raw 0181000000007b8980000000008081000000007d --count 1 | grep -q hello
}

@test "live: one who does not read is not waited for" {
  serve --pipeline 'features | rules | alert'
  get_key
  python3 "$SUPPORT/ws.py" --header "Authorization: Bearer $key" "ws://$at/api/v1/live?topics=payments" --small --stall 2 --count 1000 --seconds 3 >slow &
  slow=$!
  python3 "$SUPPORT/ws.py" --header "Authorization: Bearer $key" "ws://$at/api/v1/live?topics=payments" --count 1000 --seconds 3 >quick &
  quick=$!
  ss-gen -n 3000 --seed 5 | awk -v u="$url/api/v1/payments" -v k="$key" '{gsub(/"/,"\\\""); print (NR>1?"next\n":"") "url = \"" u "\"\nheader = \"Authorization: Bearer " k "\"\nheader = \"Content-Type: application/json\"\noutput = /dev/null\ndata = \"" $0 "\""}' >many
  curl -s --max-time 3 -Z --parallel-max 16 -K many || true
  wait "$quick" || true
  wait "$slow" || true
  jq -es 'add | map(select(.topic == "payments").items | length) | add > 50' quick
}

# Payments posted one after the other with the server killed now and then; what is stored in the end is what one run of
# the pipeline makes of them, and what was answered is among it.
@test "kill -9 at any moment loses nothing that was answered, doubles nothing, and the pipeline goes on" {
  ss-gen -n "$((40 * ${KILLS:-4}))" --seed 9 --customers 20 >in
  ss-run 'features | rules' in >want
  serve --pipeline 'features | rules' --state state --state-every 1s
  get_key
  i=0
  kills=0
  while IFS= read -r line; do
    i=$((i + 1))
    if [ $((i % 40)) = 20 ]; then
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
  [ "$kills" = "${KILLS:-4}" ]
  stop
  sqlite3 s.db 'SELECT record FROM payments ORDER BY seq' >got
  same got want
  same answers want
  [ "$(sqlite3 s.db 'PRAGMA integrity_check')" = ok ]
}

@test "a store that is locked: 503 and unhealthy, nothing lost, and fine again" {
  serve --pipeline 'features | rules'
  get_key
  ask /payments -d "$(payment a)"
  code_is 201
  python3 -c 'import os, sqlite3, time
db = sqlite3.connect("s.db", isolation_level=None); db.execute("BEGIN IMMEDIATE"); print("locked", flush=True)
while not os.path.exists("enough"): time.sleep(0.02)' >lock &
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
  touch enough
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
time.sleep(120)
PY
  idle=$!
  for i in $(seq 200); do [ -s idle ] && break; sleep 0.1; done
  [ -s idle ]
  ask /metrics
  for i in $(seq 20); do ask /version; code_is 200; done
  ask /payments -d "$(payment a)"
  code_is 201
  kill "$idle" # all of this came while they were held open, or there is none to end
}

@test "a store has one server; the next one takes it once the first has ended, however it ends" {
  serve
  first=$server
  run timeout 30 ss-serve -l 127.0.0.1:0 s.db </dev/null
  status_is 69
  says "another server works on 's.db': a store has one"
  kill -KILL "$first"
  wait "$first" || true
  serve
  ask /version
  code_is 200
  ss-ctl user list s.db >/dev/null # others work beside it
  stop
}
