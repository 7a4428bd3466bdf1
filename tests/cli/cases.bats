#!/usr/bin/env bats
load helper

# Twelve payments of one customer within a minute, each of them an alert.
burst() {
  local i
  for i in $(seq 10 21); do
    printf '{"txn_id":"b%d","timestamp":"2026-01-01T00:00:%dZ","user_id":"u1","amount":10,"decision":{"action":"block","level":"HIGH","score":0.9,"rules":[{"id":"velocity_burst","score":0.9,"action":"block","reason":"r"}]},"alert":{"id":"a%d","key":"txn_id:b%d","count":1,"first":"2026-01-01T00:00:%dZ","last":"2026-01-01T00:00:%dZ"}}\n' $i $i $i $i $i $i
  done
}

@test "a burst of twelve alerts is one case with twelve alerts" {
  burst | ss-store fraud.db >out
  [ "$(wc -l <out)" -eq 12 ]
  run sqlite3 fraud.db "SELECT title, alerts, loss / 10000, category, priority, status, due_us - created_us FROM cases"
  says "Velocity fraud, customer u1|12|120|velocity_fraud|high|open|28800000000"
}

@test "the same stream again opens no other case" {
  burst | ss-store fraud.db >/dev/null
  burst | ss-store fraud.db >/dev/null
  run sqlite3 fraud.db "SELECT count(*), sum(alerts) FROM cases"
  says "1|12"
}

@test "history is brought in without cases" {
  burst | ss-store --no-cases fraud.db >/dev/null
  run sqlite3 fraud.db "SELECT (SELECT count(*) FROM alerts), (SELECT count(*) FROM cases)"
  says "12|0"
}

@test "setting cases.auto_level says which alerts open cases" {
  ss-store fraud.db </dev/null
  sqlite3 fraud.db "INSERT INTO settings (key, value, updated_us, actor) VALUES ('cases.auto_level', 'CRITICAL', 1, 'test')"
  burst | ss-store fraud.db >/dev/null
  run sqlite3 fraud.db "SELECT count(*) FROM cases"
  [ "$output" = 0 ]
}

@test "grouped alerts of a real pipeline make one case a customer" {
  burst | jq -c 'del(.alert)' | ss-alert --dedupe user_id,10m | ss-store fraud.db >/dev/null
  run sqlite3 fraud.db "SELECT entity, alerts, loss / 10000, (SELECT count(*) FROM case_payments) FROM cases"
  says "user_id:u1|1|120|12"
}
