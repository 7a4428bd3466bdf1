#!/usr/bin/env bats
# ss-gen: synthetic payments, the same for the same seed.
load helper

@test "the same options give the same bytes, another seed gives others" {
  ss-gen -n 20000 >a
  ss-gen -n 20000 >b
  same a b
  ss-gen -n 20000 --seed 2 >c
  not cmp -s a c
  [ "$(wc -l <a)" -eq 20000 ]
}

@test "a longer stream of the same span begins with the same payments" {
  ss-gen -n 3000000 | head -n 2000000 | cksum >a
  ss-gen -n 2000000 | cksum >b
  same a b
}

@test "every line is a payment with all fields in their order" {
  ss-gen -n 5000 --fraud 0.2 >a
  jq -c 'keys_unsorted - ["device_id","ip","email","scenario"]' a | sort -u >keys
  echo '["txn_id","timestamp","user_id","amount","currency","card_id","merchant_id","category","mcc","country","lat","lon","location","channel","label"]' >want
  same want keys
  [ "$(jq -r .txn_id a | sort -u | wc -l)" -eq 5000 ]
  jq -r .timestamp a >times
  sort -c times
  [ "$(jq -c 'select((.label == 1) != has("scenario"))' a | wc -l)" -eq 0 ]
  [ "$(jq -c 'select(.channel == "card_present" and .scenario != "x" and has("device_id"))' a | wc -l)" -eq 0 ]
}

@test "all scenarios appear, each under its name" {
  ss-gen -n 100000 --fraud 0.2 | grep -o '"scenario":"[a-z_]*"' | sort -u | wc -l >n
  [ "$(cat n)" -eq 10 ]
}

@test "--no-labels leaves labels out and changes nothing else" {
  ss-gen -n 3000 --fraud 0.1 --no-labels >a
  not grep -qE '"label"|"scenario"' a
  ss-gen -n 3000 --fraud 0.1 | sed -E 's/,"label":[01](,"scenario":"[a-z_]*")?//' >b
  same a b
}

@test "--labels-delay gives each payment its label later, in time order" {
  ss-gen -n 5000 --fraud 0.1 --labels-delay 1h >a
  jq -r .timestamp a >times
  sort -c times
  jq -r 'select(.type == "label") | .txn_id + " " + (.label | tostring)' a >labels
  ss-gen -n 5000 --fraud 0.1 | jq -r '.txn_id + " " + (.label | tostring)' >inline
  same inline labels
}

@test "csv holds the same payments as ndjson" {
  ss-gen -n 2000 --fraud 0.1 >a
  ss-gen -n 2000 --fraud 0.1 --format csv >b
  [ "$(wc -l <b)" -eq 2001 ]
  python3 - <<'PY'
import csv, json
rows = list(csv.DictReader(open("b", newline="")))
for line, row in zip(open("a"), rows, strict=True):
    want = {k: f"{v:.2f}" if k == "amount" else f"{v:.4f}" if k in ("lat", "lon") else str(v) for k, v in json.loads(line).items()}
    assert want == {k: v for k, v in row.items() if v != ""}, (want, row)
PY
}

@test "broken lines are rejected downstream, good ones all arrive" {
  ss-gen -n 20000 --malformed 0.1 >a
  [ "$(wc -l <a)" -eq 20000 ]
  ss-gen -n 20000 >clean
  jq -Rr 'fromjson? | objects | .txn_id' a 2>/dev/null | wc -l >readable
  [ "$(cat readable)" -gt 18000 ] && [ "$(cat readable)" -lt 19500 ]
  # What is not broken is exactly what the clean stream begins with, but for the numbers in txn_id.
  sed -E 's/"txn_id":"[^"]*"//' clean | sort >clean.sorted
  sed -E 's/"txn_id":"[^"]*"//' a | sort | LC_ALL=C comm -12 - clean.sorted | wc -l >kept
  [ "$(cat kept)" -gt 17500 ]
}

@test "late and repeated payments are copies of punctual ones" {
  ss-gen -n 20000 --late 0.05 --duplicate 0.05 >a
  [ "$(wc -l <a)" -eq 20000 ]
  jq -r .timestamp a >times
  not sort -c times 2>/dev/null
  sort -u a | wc -l >n
  [ "$(cat n)" -gt 18500 ] && [ "$(cat n)" -lt 19500 ]
  ss-gen -n 20000 | sort >clean
  sort -u a | comm -23 - clean | wc -l >foreign
  [ "$(cat foreign)" -eq 0 ]
}

@test "fused with a stage the records are the same" {
  ss-gen -n 5000 --malformed 0.1 >a
  ss-run 'gen -n 5000 --malformed 0.1' >b
  same a b
}

@test "--rate prints as time goes by and can be stopped" {
  ss-gen --rate 500 -n 0 >a 3>&- &
  pid=$!
  for _ in $(seq 100); do [ -s a ] && break; sleep 0.1; done
  kill -TERM $pid
  wait $pid
  n=$(wc -l <a)
  [ "$n" -gt 0 ]
  ss-gen --rate 500 -n 0 | head -n "$n" >b
  same a b
}

@test "--start sets the first time, --start now needs a rate" {
  ss-gen -n 1 --start 2020-02-29T12:00:00Z >a
  grep -q '"timestamp":"2020-02-29T12:0' a
  run ss-gen --start now
  status_is 64
  says "needs --rate"
  now=$(date -u +%Y-%m-%dT%H)
  ss-gen --start now --rate 1000 -n 1 >b
  grep -qE "\"timestamp\":\"($now|$(date -u +%Y-%m-%dT%H))" b
}

@test "payments end with the year 9999" {
  run -64 --separate-stderr ss-gen -n 100000 --start 9999-12-31
  [[ $stderr == *"beyond the year 9999"* ]]
  [ "$(jq -r .timestamp <<<"${lines[-1]}" | cut -c1-14)" = 9999-12-31T23: ]
}

@test "wrong options are refused with a hint" {
  run ss-gen --scenario nonsense=0.1
  status_is 64
  says velocity_burst
  run ss-gen --fraud 2
  status_is 64
  run ss-gen --format xml
  status_is 64
  run ss-gen -n -5
  status_is 64
  run ss-gen --rate 5 --event-rate 5
  status_is 64
  run ss-gen file
  status_is 64
  run ss-gen --format csv --labels-delay 1d
  status_is 64
}

@test "--describe says what the options come to" {
  ss-gen --describe --seed 7 --fraud 0.5 | jq -e '.seed == 7 and .customers == 5000 and (.shares | add) > 0.49'
}

@test "a reader that leaves ends it quietly" {
  run bash -c 'ss-gen -n 0 | head -n 3 | wc -l'
  status_is 0
  says 3
}
