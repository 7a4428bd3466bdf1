load helper

gen() { ss-gen "$@"; }
pay() { # TXN USER TIME AMOUNT [MORE]
  printf '{"txn_id":"%s","user_id":"%s","timestamp":"%s","amount":%s%s}\n' "$1" "$2" "$3" "$4" "${5:+,$5}"
}

@test "counts include the payment, ratios leave it out" {
  cat > f <<'F'
n     = count         by user_id over 1m
ratio = ratio(amount) by user_id over 1h
F
  { pay 1 u 2026-01-01T00:00:00Z 10; pay 2 u 2026-01-01T00:00:30Z 30; pay 3 u 2026-01-01T00:01:00Z 20; } > in
  ss-features -f ./f in | jq -c '[.features.n, .features.ratio]' > out
  printf '[1,null]\n[2,3]\n[2,1]\n' > want
  same want out
}

@test "a label in the record is not seen before its delay is over" {
  echo 'risk = mean(label) by merchant_id over 7d delay 7d' > f
  { pay 1 u 2026-01-01T00:00:00Z 1 '"merchant_id":"m","label":1'; pay 2 u 2026-01-07T23:59:59Z 1 '"merchant_id":"m"'
    pay 3 u 2026-01-08T00:00:00Z 1 '"merchant_id":"m"'; pay 4 u 2026-01-15T00:00:00Z 1 '"merchant_id":"m"'; } > in
  [ "$(ss-features -f ./f in | jq -c .features.risk | tr '\n' ' ')" = 'null null 1 0 ' ]
}

@test "a label record counts from its own time on, joined by txn_id" {
  echo 'frauds = sum(label) by merchant_id over 7d delay 1h' > f
  { pay 1 u 2026-01-01T00:00:00Z 1 '"merchant_id":"m"'; pay 2 u 2026-01-01T02:00:00Z 1 '"merchant_id":"m"'
    echo '{"type":"label","txn_id":"1","label":1,"timestamp":"2026-01-01T03:00:00Z"}'
    pay 3 u 2026-01-01T02:30:00Z 1 '"merchant_id":"m"'; pay 4 u 2026-01-01T03:00:00Z 1 '"merchant_id":"m"'; } > in
  ss-features -f ./f in > out
  [ "$(jq -c 'select(.type != "label") | .features.frauds' out | tr '\n' ' ')" = '0 0 0 1 ' ]
  same <(sed -n 3p in) <(sed -n 3p out)
}

@test "a late record gets the features of its own time and says so" {
  echo 'n = count by user_id over 1d' > f
  { pay 1 u 2026-01-02T06:00:00Z 1; pay 3 u 2026-01-03T06:00:01Z 1; pay 2 u 2026-01-02T12:00:00Z 1; } > in
  ss-features -f ./f in | jq -c '[.txn_id,.features.n,.features.late]' > out
  printf '["1",1,null]\n["3",1,null]\n["2",2,true]\n' > want
  same want out
}

@test "a record later than --late-bound has no gap to what came after it" {
  printf '%s\n' 'gap = gap by user_id' 'km = distance by user_id' 'was = last(amount) by user_id' \
    'n = count by user_id over 1d' > f
  { pay 1 u 2026-06-01T00:00:00Z 1 '"lat":10,"lon":10'; pay 2 u 2026-06-11T00:00:00Z 2 '"lat":10,"lon":10'
    pay 3 u 2026-02-01T00:00:00Z 3 '"lat":20,"lon":10'; } > in
  [ "$(ss-features -f ./f in | tail -n 1 | jq -c '.features | [.gap, .km, .was, .n]')" = '[null,null,null,1]' ]
}

@test "knowing payments by txn_id for late labels takes memory for those in the logs only" {
  echo 'risk = mean(label) by merchant_id over 1m delay 1s' > f
  { echo '{"type":"label","txn_id":"x","label":1,"timestamp":"2026-01-01T00:00:00Z"}'
    gen -n 100000 --event-rate 100 --merchants 50 --no-labels; } > in
  ss-features -v -f ./f --late-bound 1s in 2> log > out
  [ "$(sed -n 's/.* entities in \([0-9]*\) bytes.*/\1/p' log)" -lt 2000000 ]
}

@test "--lateness holds records and passes them on in order of time and id" {
  { pay b u 2026-01-01T00:00:10Z 1; pay c u 2026-01-01T00:00:05Z 1; pay a u 2026-01-01T00:00:10Z 1
    pay d u 2026-01-01T01:00:00Z 1; } > in
  ss-features -f handbook --lateness 10m in > out
  [ "$(jq -r .txn_id out | tr -d '\n')" = cabd ]
  not grep -q late out
}

@test "--lateness gives the same bytes for any order that stays within it" {
  gen -n 3000 --seed 5 > sorted
  sed '$!N;s/\(.*\)\n\(.*\)/\2\n\1/' sorted > mixed
  not cmp -s sorted mixed
  ss-features --lateness 2h sorted > a
  ss-features --lateness 2h mixed > b
  same a b
}

@test "saving and loading at any record changes no byte" {
  gen -n 4000 --seed 7 --labels-delay 2d --late 0.1 > in
  ss-features in > whole
  for cut in 1 2 1000 3999; do
    rm -f state
    head -n $cut in | ss-features --state state > parts
    tail -n +$((cut + 1)) in | ss-run -j 3 --state state features >> parts
    same whole parts
  done
}

@test "any number of workers and any chunking give the same bytes" {
  gen -n 6000 --seed 11 --labels-delay 1d --late 0.1 --duplicate 0.02 > in
  ss-features in > one
  for j in 2 3 8; do ss-run -j $j features < in | cmp - one; done
  head -n 300 in | while read -r line; do echo "$line"; done | ss-features > slow
  same <(head -n 300 one) slow
}

@test "a state of other features is refused" {
  gen -n 10 > in
  ss-features -f handbook --state s in > /dev/null
  run ss-features --state s in
  status_is 65
  says 'state belongs to feature set'
}

@test "a damaged state is refused and left as it is" {
  gen -n 2000 > in
  ss-features --state s in > /dev/null
  printf 'X' | dd of=s bs=1 seek=5000 conv=notrunc 2> /dev/null
  cp s before
  run ss-features --state s in
  status_is 65
  same s before
}

@test "a memory limit gives entities up and the same bytes for any number of workers" {
  gen -n 20000 --customers 20000 --seed 2 > in
  ss-features -v --max-memory 4M in > a 2> log
  grep -q '[1-9][0-9]* evicted' log
  ss-run -j 3 'features --max-memory 4M' < in | cmp - a
  head -n 9000 in | ss-features --max-memory 4M --state s > b
  tail -n +9001 in | ss-features --max-memory 4M --state s >> b
  same a b
}

@test "records without time or amount are rejected, the others pass" {
  { pay 1 u 2026-01-01T00:00:00Z 1; echo '{"txn_id":2,"user_id":"u","amount":1}'
    echo '{"txn_id":3,"user_id":"u","timestamp":"2026-01-01T00:00:00Z"}'; pay 4 u 2026-01-01T00:00:00Z 1; } > in
  ss-features --rejects r in > out
  [ "$(jq -r .txn_id out | tr -d '\n')" = 14 ]
  grep -q 'timestamp missing or malformed' r
  grep -q 'amount missing or malformed' r
}

@test "a record without an entity has null for its features" {
  echo '{"txn_id":1,"timestamp":"2026-01-01T00:00:00Z","amount":5}' > in
  [ "$(ss-features in | jq -c '[.features.user_count_1m, .features.amount]')" = '[null,5]' ]
}

@test "features computed again replace those that are there" {
  gen -n 50 > in
  ss-features -f handbook in > one
  ss-features -f handbook one > two
  same one two
}

@test "mistakes in a feature file are named with their line" {
  printf 'a = amount\nb = cuont by user_id over 1h\n' > f
  run ss-features -f ./f /dev/null
  status_is 78
  says "./f:2: unknown function 'cuont': did you mean 'count'?"
  echo 'x = sum(amount) over 1h' > f
  run ss-features -f ./f /dev/null
  says "f:1: 'sum' needs 'by FIELD'"
  echo 'x = mean(label) by user_id over 1h' > f
  run ss-features -f ./f /dev/null
  says "say 'delay'"
  run ss-features -f nothere /dev/null
  status_is 66
}

@test "entities that no window needs any more leave, however many come" {
  echo 'n = count by device_id over 1h' >seen.features
  seq 0 9999 | awk '{ printf "{\"txn_id\":\"%d\",\"timestamp\":%d,\"user_id\":\"u\",\"amount\":1,\"device_id\":\"d%d\"}\n", $1, 1767225600 + 3600 * $1, $1 }' >devices.ndjson
  ss-features -v -f seen.features devices.ndjson >/dev/null 2>log
  kept=$(sed -n 's/.* \([0-9]*\) entities in .*/\1/p' log)
  [ "$kept" -gt 0 ] && [ "$kept" -lt 500 ]
}
