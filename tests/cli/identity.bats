#!/usr/bin/env bats
# Signing in at a real server, as people, browsers and programs do.
load helper

# ask METHOD PATH [curl's words]: the body in `body`, the status in $code.
ask() {
  local method=$1 path=$2
  shift 2
  code=$(curl -s --max-time 20 --unix-socket s.sock -X "$method" -o body -D head -w '%{http_code}' \
    -H 'Content-Type: application/json' "$@" "http://localhost/api/v1$path")
}
code_is() {
  [ "$code" = "$1" ] || { echo "status $code, not $1: $(cat body)"; return 1; }
}
at() { jq -r "$1" body; }

serve() {
  ss-serve -l "unix:$T/s.sock" --log-requests s.db 2>>log </dev/null 3>&- &
  server=$!
  for _ in $(seq 200); do
    [ -S s.sock ] && ask GET /auth/state && return 0
    sleep 0.05
  done
  cat log
  return 1
}

# A server with Ann, its administrator; her token in $ann.
serve_ann() {
  serve
  token=$(grep -oE '[A-Za-z0-9]{32}$' log | tail -n 1)
  ask POST /auth/setup -d "{\"token\":\"$token\",\"email\":\"ann@example.com\",\"name\":\"Ann\",\"password\":\"a long enough one\"}"
  code_is 201
  ann=$(at .access_token)
}

teardown() {
  [ -z "${server:-}" ] || { kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; }
  cd / && rm -rf "$T"
}

@test "the first administrator, by the token that was printed; sign in, renew, sign out" {
  serve
  [ "$(at .setup)" = true ]
  ask POST /auth/setup -d '{"token":"00000000000000000000000000000000","email":"eve@example.com","name":"Eve","password":"a long enough one"}'
  code_is 403
  kill "$server"
  wait "$server" || true
  rm -f s.sock
  serve_ann
  [ "$(stat -c %a s.db.secret)" = 600 ]
  ask GET /auth/me -H "Authorization: Bearer $ann"
  code_is 200
  [ "$(at .email,.role | paste -sd' ')" = "ann@example.com admin" ]
  ask POST /auth/login -d '{"email":"ann@example.com","password":"a long enough one"}'
  code_is 200
  refresh=$(at .refresh_token)
  ask POST /auth/refresh -d "{\"refresh_token\":\"$refresh\"}"
  code_is 200
  ann=$(at .access_token)
  ask POST /auth/logout -H "Authorization: Bearer $ann"
  code_is 204
  ask GET /auth/me -H "Authorization: Bearer $ann"
  code_is 401
  grep -qi '^www-authenticate: *bearer' head
  # A restart keeps sessions.
  ask POST /auth/login -d '{"email":"ann@example.com","password":"a long enough one"}'
  ann=$(at .access_token)
  kill "$server"
  wait "$server" || true
  rm -f s.sock
  serve
  [ "$(at .setup)" = false ]
  ask GET /auth/me -H "Authorization: Bearer $ann"
  code_is 200
  # Nothing that signs anybody in is in the log of requests or in the store.
  not grep -qE "$ann|$refresh|long enough" log
  not grep -qaE "$refresh|long enough" s.db s.db-wal
}

@test "a browser: cookies that scripts cannot read, and changes from our own pages only" {
  serve_ann
  ask POST /auth/login -c jar -d '{"email":"ann@example.com","password":"a long enough one","cookies":true}'
  code_is 200
  [ "$(at .access_token)" = null ]
  [ "$(grep -ci '^set-cookie: .*HttpOnly; SameSite=Strict' head)" -eq 2 ]
  ask GET /auth/me -b jar
  code_is 200
  ask PATCH /auth/me -b jar -d '{"name":"Eve"}'
  code_is 403
  ask PATCH /auth/me -b jar -H 'Origin: http://evil.example' -d '{"name":"Eve"}'
  code_is 403
  ask PATCH /auth/me -b jar -H 'Origin: http://localhost' -d '{"name":"Ann B"}'
  code_is 200
  # Nor does another site's page read the live feed.
  ask GET /events -b jar -H 'Origin: http://evil.example'
  code_is 403
  code=$(curl -s --max-time 1 --unix-socket s.sock -b jar -H 'Origin: http://localhost' -o body -w '%{http_code}' \
    http://localhost/api/v1/events || true)
  code_is 200
  ask POST /auth/refresh -b jar -c jar -H 'Origin: http://localhost'
  code_is 200
  ask POST /auth/logout -b jar -c jar -H 'Origin: http://localhost'
  code_is 204
  ask GET /auth/me -b jar
  code_is 401
}

@test "eighteen guesses at once count as five, and keep nobody waiting" {
  serve_ann
  echo 'bobs own secret' | ss-ctl user add s.db bob@example.com --password-stdin >/dev/null
  for i in $(seq 18); do # what one address may try is bounded, too
    curl -s --max-time 30 --unix-socket s.sock -o /dev/null -w '%{http_code}\n' -H 'Content-Type: application/json' \
      -d '{"email":"bob@example.com","password":"guess guess guess"}' http://localhost/api/v1/auth/login >"guess.$i" &
    guesses+=($!)
  done
  slowest=$(for _ in $(seq 10); do
    curl -s --unix-socket s.sock -o /dev/null -w '%{time_total}\n' http://localhost/api/v1/auth/state
  done | sort -n | tail -n 1)
  wait "${guesses[@]}"
  [ "$(cat guess.* | grep -c 401)" -eq 5 ]
  [ "$(cat guess.* | grep -cE '429|503')" -eq 13 ]
  awk -v t="$slowest" 'BEGIN { exit t > 1 }' || { echo "a quick answer took $slowest s"; return 1; }
  ask POST /auth/login -d '{"email":"bob@example.com","password":"bobs own secret"}'
  code_is 429
  grep -qi '^retry-after: [0-9]' head
  run ss-ctl audit verify s.db
  status_is 0
}

@test "who is let go is out, also by another process's word" {
  serve_ann
  echo 'bobs own secret' | ss-ctl user add s.db bob@example.com --password-stdin >/dev/null
  ask POST /auth/login -d '{"email":"bob@example.com","password":"bobs own secret"}'
  code_is 200
  bob=$(at .access_token)
  ask POST /auth/password -H "Authorization: Bearer $bob" -d '{"current":"bobs own secret","new":"bobs new secret"}'
  code_is 204
  ask GET /auth/me -H "Authorization: Bearer $bob"
  code_is 200
  ss-ctl user remove s.db bob@example.com
  sleep 1.2
  ask GET /auth/me -H "Authorization: Bearer $bob"
  code_is 401
}

@test "a ticket opens a live feed, once" {
  serve_ann
  ask POST /auth/ticket -H "Authorization: Bearer $ann"
  code_is 200
  ticket=$(at .ticket)
  code=$(curl -s --max-time 1 --unix-socket s.sock -o body -w '%{http_code}' "http://localhost/api/v1/events?ticket=$ticket" || true)
  code_is 200
  ask GET "/events?ticket=$ticket"
  code_is 401
  ask GET /events
  code_is 401
  not grep -q "$ticket" log
}

@test "a program's key does what it is for" {
  serve_ann
  ask POST /keys -H "Authorization: Bearer $ann" -d '{"name":"auditor","role":"admin","scopes":["audit:read"]}'
  code_is 201
  key=$(at .key)
  ask GET /audit -H "Authorization: Bearer $key"
  code_is 200
  ask GET /users -H "Authorization: Bearer $key"
  code_is 403
  ask GET '/audit/export' -H "Authorization: Bearer $key"
  code_is 200
  not grep -q "$key" body
  not grep -qa "$key" s.db s.db-wal log
}
