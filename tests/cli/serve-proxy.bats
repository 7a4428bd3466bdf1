#!/usr/bin/env bats
# Behind a proxy: whose tries are counted, and whose address is written down.
load helper
load server

# Each time another account, so that no account is locked.
fail_from() { curl -s -o /dev/null -w '%{http_code}\n' -H 'Content-Type: application/json' "$@" \
  -d "{\"email\":\"nobody$RANDOM@example.com\",\"password\":\"a wrong one indeed\"}" "$url/api/v1/auth/login"; }
# Tries until an address has no more.
use_up() { local i; for i in $(seq 60); do [ "$(fail_from "$@")" = 429 ] && return; done; return 1; }

@test "a trusted proxy's clients are counted each for themselves, and cannot choose who they are" {
  serve --trusted-proxy 127.0.0.0/8 --log-requests
  get_key
  use_up -H 'X-Forwarded-For: 203.0.113.7'
  [ "$(fail_from -H 'X-Forwarded-For: 203.0.113.8')" = 401 ]
  # A claim further left, on a line before, or of being a proxy changes nothing.
  [ "$(fail_from -H 'X-Forwarded-For: 198.51.100.1, 203.0.113.7')" = 429 ]
  [ "$(fail_from -H 'X-Forwarded-For: 198.51.100.1' -H 'X-Forwarded-For: 203.0.113.7')" = 429 ]
  [ "$(fail_from -H 'X-Forwarded-For: 127.0.0.9, 203.0.113.7, 127.0.0.2')" = 429 ]
  grep -q '^ss-serve: 203.0.113.8 POST /api/v1/auth/login 401' log
  # What changes is written down with the client's address; the session, too.
  curl -s -H "Authorization: Bearer $admin" -H 'Content-Type: application/json' -H 'X-Forwarded-For: 203.0.113.9' \
    -X PATCH "$url/api/v1/settings" -d '{"sla.high_h":9}' >answer
  curl -s -H "Authorization: Bearer $admin" "$url/api/v1/audit?action=settings.change" >entries
  jq -r ".items[0].address" entries | same /dev/stdin <(echo 203.0.113.9) || { cat answer entries; return 1; }
  # Cookies are for TLS where the proxy speaks it.
  login() { curl -s -D - -o /dev/null -H 'Content-Type: application/json' -H 'X-Forwarded-For: 203.0.113.10' "$@" \
    -d '{"email":"ann@example.com","password":"a long enough one","cookies":true}' "$url/api/v1/auth/login"; }
  login -H 'X-Forwarded-Proto: https' | grep -i '^set-cookie:' | grep -q Secure
  not grep -q Secure <(login | grep -i '^set-cookie:')
}

@test "without --trusted-proxy, and from others, the header means nothing" {
  serve
  use_up -H 'X-Forwarded-For: 203.0.113.7'
  [ "$(fail_from -H 'X-Forwarded-For: 203.0.113.8')" = 429 ]
  stop
  serve --trusted-proxy 10.0.0.0/8
  use_up -H 'X-Forwarded-For: 203.0.113.7'
  [ "$(fail_from -H 'X-Forwarded-For: 203.0.113.8')" = 429 ]
  run ss-serve --trusted-proxy 10.0.0.0/99 s.db
  status_is 64
  says "'10.0.0.0/99' is no network"
}
