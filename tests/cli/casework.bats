#!/usr/bin/env bats
# ss-ctl case, alert, label and setting: an analyst's work from the shell.
load helper

# Three alerts of one customer, which make a case; and Ann.
make_store() {
  local i
  for i in 10 11 12; do
    printf '{"txn_id":"b%d","timestamp":"2026-01-01T00:00:%dZ","user_id":"u1","amount":10,"decision":{"action":"block","level":"HIGH","score":0.9,"rules":[{"id":"velocity_burst","score":0.9,"action":"block","reason":"r"}]},"alert":{"id":"a%d","key":"txn_id:b%d","count":1,"first":"2026-01-01T00:00:%dZ","last":"2026-01-01T00:00:%dZ"}}\n' $i $i $i $i $i $i
  done | ss-store s.db >/dev/null
  echo 'a long enough one' | ss-ctl user add s.db ann@example.com --role analyst --password-stdin >/dev/null
}

@test "a case is worked on from open to resolved, and all of it is logged" {
  make_store
  [ "$(ss-ctl case list s.db --status open --json | jq -c '[.id, .alerts_count]')" = '[1,3]' ]
  run ss-ctl case list s.db
  says 'Velocity fraud, customer u1'
  run ss-ctl case assign s.db 1 ann@example.com
  status_is 0
  says 'investigating'
  says 'ann@example.com'
  ss-ctl case comment s.db 1 'asked the "bank"'
  ss-ctl case status s.db 1 pending_info --note 'waits for them'
  ss-ctl case resolve s.db 1 confirmed_fraud --note 'they say so' --recovered 12.5
  run ss-ctl case show s.db 1
  says 'status                resolved'
  says 'recovered             12.5'
  says 'sla.state             met'
  [ -z "$(ss-ctl case list s.db --status open)" ]
  [ "$(ss-ctl api s.db GET /api/v1/cases/1/comments | jq -r '.items[0].content')" = 'asked the "bank"' ]
  run ss-ctl audit show s.db --subject case:1
  says 'case.resolve'
  says 'ss-ctl:'
}

@test "what a case does not allow is refused, and says why" {
  make_store
  run ss-ctl case resolve s.db 1 nonsense
  status_is 64
  says 'confirmed_fraud'
  run ss-ctl case resolve s.db 1 confirmed_fraud --recovered '1,"loss":2'
  status_is 64
  says 'recovered'
  run ss-ctl case show s.db 99
  status_is 1
  says "no case '99'"
  run ss-ctl case show s.db ../users
  status_is 1
  run ss-ctl case assign s.db 1 nobody@example.com
  status_is 1
  says "no user 'nobody@example.com'"
  run ss-ctl case assign s.db 1
  status_is 64
  run ss-ctl case close s.db 1
  status_is 64
}

@test "alerts are listed and moved" {
  make_store
  [ "$(ss-ctl alert list s.db --level HIGH --json | wc -l)" -eq 3 ]
  run ss-ctl alert status s.db a10 reviewing --note 'looks odd'
  status_is 0
  says 'reviewing'
  [ "$(ss-ctl alert list s.db --status reviewing --json | jq -r .id)" = a10 ]
  run ss-ctl alert status s.db a10 nonsense
  status_is 64
}

@test "labels are set and shown" {
  make_store
  run ss-ctl label set s.db b10 fraud --source chargeback --note 4711
  status_is 0
  says 'b10'
  run ss-ctl label show s.db b10
  says 'chargeback'
  [ "$(sqlite3 s.db "SELECT label FROM payments WHERE txn_id = 'b10'")" = 1 ]
  ss-ctl label set s.db b10 none
  [ -z "$(sqlite3 s.db "SELECT label FROM payments WHERE txn_id = 'b10'")" ]
  run ss-ctl label set s.db b10 maybe
  status_is 64
}

@test "settings are listed and set, each by its type" {
  make_store
  ss-ctl setting set s.db sla.high_h 6
  ss-ctl setting set s.db rules.four_eyes true
  ss-ctl setting set s.db currency EUR
  ss-ctl setting list s.db --json |
    jq -cs '[.[] | select(.key == "sla.high_h" or .key == "rules.four_eyes" or .key == "currency").value]' >now
  [ "$(cat now)" = '["EUR",true,6]' ]
  for wrong in 'sla.high_h x' 'sla.high_h 0' 'sla.high_h -' 'rules.four_eyes 1' 'currency euro' 'none.such 1'; do
    run ss-ctl setting set s.db $wrong
    status_is 64
  done
  run ss-ctl setting set s.db sla.high_h x
  says "'sla.high_h'"
}

@test "each setting is read by something" {
  ss-ctl migrate s.db >/dev/null
  ss-ctl setting list --json s.db | jq -r .key >keys
  [ "$(wc -l <keys)" -gt 15 ]
  while read -r key; do
    grep -rqF --include='*.c' --exclude=settings_table.c "\"$key\"" "$ROOT/lib" "$ROOT/cmd" || { echo "nobody reads $key"; unread=1; }
  done <keys
  [ -z "${unread:-}" ]
}
