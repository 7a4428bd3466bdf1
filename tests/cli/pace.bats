#!/usr/bin/env bats
# ss-pace: records leave when their time has come, and arrive as they were. Nothing here asserts how fast.
load helper

@test "records pass in order, byte for byte" {
  ss-gen -n 3000 >a
  ss-pace --rate 1000000 a >b
  same a b
  ss-pace --speed 1000000 <a >c
  same a c
  ss-run 'pace --rate 1000000' <a >d
  same a d
}

@test "stamps come at the rate, and taking them out gives the input back" {
  ss-gen -n 500 >a
  ss-pace --rate 1000 --stamp a >b
  sed -E 's/,"paced":\{"at":[0-9]+\}\}$/}/' b >c
  same a c
  python3 - <<'PY'
import json
at = [json.loads(l)["paced"]["at"] for l in open("b")]
assert [t - at[0] for t in at] == [k * 1000000 for k in range(500)], at[:5]
PY
}

@test "stamps follow event time, shortened by the speed" {
  ss-gen -n 300 >a
  ss-pace --speed 100000 --stamp a >b
  python3 - <<'PY'
import json, datetime
rows = [json.loads(l) for l in open("b")]
us = [round(datetime.datetime.fromisoformat(r["timestamp"].replace("Z", "+00:00")).timestamp() * 1e6) for r in rows]
for r, t in zip(rows, us):
    assert abs(r["paced"]["at"] - rows[0]["paced"]["at"] - (t - us[0]) / 100) <= 1, r
PY
}

@test "late records, labels and records without a time keep their places" {
  ss-gen -n 2000 --late 0.1 --labels-delay 10m >a
  echo '{"txn_id":"x","amount":5}' >>a
  ss-pace --speed 100000 a >b
  same a b
}

@test "broken lines are rejected and hold nobody up" {
  ss-gen -n 2000 --malformed 0.1 >a
  ss-pace --rate 1000000 --rejects r a >b
  [ "$(($(wc -l <b) + $(wc -l <r)))" -eq 2000 ]
  [ -s r ]
}

@test "a slow reader does not shift the schedule, and its slowness is measured" {
  ss-gen -n 20000 >a
  ss-pace --rate 40000 --stamp a | (sleep 1.5 && cat) >b
  python3 - <<'PY'
import json
at = [json.loads(l)["paced"]["at"] for l in open("b")]
assert at[-1] - at[0] == 19999 * 25000
PY
  ss-pace --rate 40000 --stamp a | (sleep 1.5 && cat) | ss-pace --measure --json >report
  jq -e '.records == 20000 and .stamped == 20000 and .latency_us.p50 > 900000' report
}

@test "--measure reports, --report passes on, also behind other stages" {
  ss-gen -n 1000 >a
  ss-pace --rate 100000 --stamp a >b
  ss-pace --measure b >report
  grep -qE '^records +1000$' report
  grep -qE '^p99.9 +[0-9.]+ us$' report
  ss-pace --report report.json --json b >c
  same b c
  jq -e '.records == 1000' report.json
  ss-run 'pace --rate 100000 --stamp | pace --measure --json' a | jq -e '.stamped == 1000'
  ss-pace --measure --json a | jq -e '.records == 1000 and .stamped == 0'
}

@test "an empty input gives an empty output, or a report of nothing" {
  : >empty
  [ -z "$(ss-pace --rate 10 empty)" ]
  ss-pace --measure --json empty | jq -e '.records == 0 and .records_per_s == 0'
}

@test "it stops while it waits" {
  printf '{"timestamp":"2026-01-01T00:00:00Z","amount":1}\n{"timestamp":"2027-01-01T00:00:00Z","amount":2}\n' >a
  ss-pace a >b 3>&- &
  pid=$!
  for _ in $(seq 100); do [ -s b ] && break; sleep 0.1; done
  kill -TERM $pid
  wait $pid
  head -n 1 a >c
  same b c
}

@test "options that do not go together are refused" {
  run ss-pace --rate 5 --speed 2
  status_is 64
  run ss-pace --measure --rate 5
  status_is 64
  run ss-pace --rate 0
  status_is 64
  run ss-pace --json
  status_is 64
  ss-gen -n 5 >a
  run ss-run 'pace --rate 1000 | pace --rate 10' a
  status_is 64
  says "first stage"
}
