# A real server for bats files, at a port of its own: `load server` behind `load helper`.
SUPPORT="$ROOT/tests/support"

# serve [options]: starts it and waits until it listens; its address in $at, the base of its URLs in $url.
serve() {
  local i
  rm -f ready
  NOTIFY_SOCKET= ss-serve -v -l "${LISTEN:-127.0.0.1:0}" "$@" "${STORE:-s.db}" 2>>log <"${INPUT:-/dev/null}" 3>&- 4>&- &
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
