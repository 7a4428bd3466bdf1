bats_require_minimum_version 1.5.0
load helper

setup_file() {
  export S="$BATS_FILE_TMPDIR"
  PATH="$BATS_TEST_DIRNAME/../../${BUILD:-build}/bin:$PATH"
  cat > "$S/f.features" <<'END'
amount        = amount
hour          = hour(timestamp)
category      = code(category)
user_count_1m = count       by user_id over 1m
user_count_1h = count       by user_id over 1h
merchant_risk = mean(label) by merchant_id over 7d delay 1d
user_mean_30d = mean(amount) by user_id over 30d
amount_ratio  = ratio(amount, user_mean_30d)
new_device    = first(device_id) by user_id
speed_kmh     = speed by card_id
END
  ss-gen -n 12000 --seed 3 --fraud 0.05 --customers 2000 > "$S/all.ndjson"
  tail -n 4000 "$S/all.ndjson" > "$S/p.ndjson" # to be scored
  for kind in gbt iforest both; do
    ss-train -q -f "$S/f.features" --kind $kind --rounds 20 --params max_bin=256 --to 2026-01-03 -o "$S/$kind.ssm" "$S/all.ndjson" > /dev/null
  done
}

@test "a whole audit without naming the feature stage: the same bytes as with it, piped and fused, whatever -j" {
  for kind in gbt iforest both; do
    ss-score -m "$S/$kind.ssm" "$S/p.ndjson" > alone
    ss-features -f "$S/f.features" "$S/p.ndjson" > featured
    ss-score -m "$S/$kind.ssm" featured > piped
    same alone piped
    ss-run "features -f $S/f.features | score -m $S/$kind.ssm" "$S/p.ndjson" > fused
    same alone fused
    for j in 2 3; do
      ss-run -j $j "score -m $S/$kind.ssm" "$S/p.ndjson" > jobs
      same alone jobs
      ss-run -j $j "features -f $S/f.features | score -m $S/$kind.ssm" "$S/p.ndjson" > jobs
      same alone jobs
    done
  done
}

@test "the member: value, raw, level, model; the input's bytes before it" {
  ss-score -m "$S/gbt.ssm" "$S/p.ndjson" > out
  [ "$(wc -l < out)" -eq 4000 ]
  diff <(head -500 out | sed 's/,"features":.*/}/') <(head -500 "$S/p.ndjson")
  [ "$(jq -r '.score.model' out | sort -u)" = "gbt:$(sha256sum "$S/gbt.ssm" | cut -c1-8)" ]
  [ "$(jq -r '.score | keys_unsorted[:4] | join(" ")' out | sort -u)" = 'value raw level model' ]
  jq -e -s 'map(.score) | (map(.value) | min >= 0 and max <= 1) and (map(.raw) | min > 0 and max < 1)' out
  [ "$(jq -r .score.level out | sort -u | tr '\n' ' ')" = 'CRITICAL HIGH LOW MEDIUM NONE ' ]
}

@test "value rises strictly with raw" {
  ss-score -m "$S/gbt.ssm" -e none "$S/p.ndjson" | jq -r '.score | "\(.raw) \(.value)"' | sort -u | sort -g |
    awk '$1 > r { if ($2 <= v) exit 1 } { r = $1; v = $2 } END { exit NR < 100 }'
}

@test "reasons from MEDIUM up, with codes, values, impacts and sentences; --explain moves that" {
  ss-score -m "$S/gbt.ssm" "$S/p.ndjson" > out
  jq -e -s 'all(.[].score; (.reasons != null) == (.level == "MEDIUM" or .level == "HIGH" or .level == "CRITICAL"))' out
  jq -e -s 'all(.[].score.reasons // [] | .[]; (keys == ["code","feature","impact","text","value"]) and .impact > 0)' out
  jq -e -s 'all(.[].score.reasons // []; length <= 5 and ([.[].impact] | . == (sort | reverse)))' out
  grep -q '"text":"first payment from this device for this user"' out
  ss-score -m "$S/gbt.ssm" -e none "$S/p.ndjson" > out
  not grep -q reasons out
  head -300 "$S/p.ndjson" | ss-score -m "$S/gbt.ssm" -e all > out
  jq -e -s 'all(.[].score; .reasons)' out
  run ss-score -m "$S/gbt.ssm" -e SOMETIMES "$S/p.ndjson"
  status_is 64
}

@test "challengers are reported beside the champion and change nothing" {
  ss-score -m "$S/gbt.ssm" "$S/p.ndjson" > alone
  ss-score -m "$S/gbt.ssm" -m "$S/iforest.ssm" -m "$S/both.ssm" "$S/p.ndjson" > three
  same alone <(sed 's/,"challengers":\[[^]]*\]//' three)
  diff <(ss-score -m "$S/both.ssm" "$S/p.ndjson" | jq -c '.score | [.model,.value,.level]') \
    <(jq -c '.score.challengers[1] | [.model,.value,.level]' three)
}

@test "scoring twice replaces the member" {
  ss-score -m "$S/iforest.ssm" "$S/p.ndjson" | ss-score -m "$S/gbt.ssm" > twice
  ss-score -m "$S/gbt.ssm" "$S/p.ndjson" > once
  same once twice
}

@test "labels pass; payments that cannot be scored are rejected" {
  head -3 "$S/p.ndjson" > in
  echo '{"type":"label","txn_id":"x","label":1,"timestamp":"2026-01-01T01:00:00Z"}' >> in
  echo '{"txn_id":"no time","user_id":"u","amount":3}' >> in
  echo '{"txn_id":"no amount","user_id":"u","timestamp":"2026-01-01T01:00:00Z"}' >> in
  ss-score -m "$S/gbt.ssm" --rejects rejects in > out
  [ "$(wc -l < out)" -eq 4 ]
  [ "$(wc -l < rejects)" -eq 2 ]
  [ "$(tail -1 out)" = '{"type":"label","txn_id":"x","label":1,"timestamp":"2026-01-01T01:00:00Z"}' ]
  ss-features -f "$S/f.features" "$S/p.ndjson" | head -3 > in
  head -1 "$S/p.ndjson" >> in
  sed -n '1s/"amount":[0-9.]*,"hour"/"amount":"x","hour"/p' in >> in
  ss-score -m "$S/gbt.ssm" --rejects rejects in > out
  [ "$(wc -l < out)" -eq 3 ]
  grep -q 'no features' rejects
  grep -q "feature 'amount' is no number" rejects
}

@test "features of another file end with 65 and say what to do" {
  ss-features -f handbook "$S/p.ndjson" > other
  run ss-score -m "$S/gbt.ssm" other
  status_is 65
  says "features were made with feature set"
  run ss-run "features -f handbook | score -m $S/gbt.ssm" "$S/p.ndjson"
  status_is 65
}

@test "a model that is missing, cut, or no model" {
  run ss-score -m nope.ssm "$S/p.ndjson"
  status_is 66
  head -c 5000 "$S/gbt.ssm" > cut.ssm
  run ss-score -m cut.ssm "$S/p.ndjson"
  status_is 65
  says "model 'cut.ssm'"
  echo '{"a":1}' > other.ssm
  run ss-score -m other.ssm "$S/p.ndjson"
  status_is 65
  says "not a model file"
  run ss-score -m "$S/gbt.ssm" -f "$S/f.features" "$S/p.ndjson"
  status_is 64
}

@test "features without a set, or damaged, cost their own record only" {
  ss-features -f "$S/f.features" "$S/p.ndjson" | head -n 5 > in
  sed -i '2s/"set":"[0-9a-f]*",//; 4s/"hour":[0-9]*/"hour":"x"/' in
  ss-score -q -m "$S/gbt.ssm" --rejects rejected in > out
  [ "$(wc -l < out)" -eq 3 ]
  [ "$(jq -r '"\(.line) \(.reason)"' rejected | cut -c1-30 | tr '\n' '/')" = \
    "2 features say no feature set,/4 feature 'hour' is no number/" ]
}

@test "no model: a place is risky by whole words" {
  for place in 'via VPN' 'Tor exit' proxy-7 UNKNOWN 'Toronto, CA' Victoria Vpnia Tórshavn; do
    echo "{\"txn_id\":\"$place\",\"timestamp\":\"2026-01-07T12:00:00Z\",\"amount\":1,\"location\":\"$place\"}"
  done > in
  [ "$(ss-score -q in | jq -c '.score.value' | tr '\n' ' ')" = '0.425 0.425 0.425 0.425 0.05 0.05 0.05 0.05 ' ]
}

@test "no model: the fallback, by hand, and it says so once" {
  cat > in <<'END'
{"txn_id":1,"timestamp":"2026-01-07T12:00:00Z","user_id":"u","amount":10}
{"txn_id":2,"timestamp":"2026-01-07T12:00:10Z","user_id":"u","amount":9000,"location":"TOR exit node"}
{"txn_id":3,"timestamp":"2026-01-07T03:00:00Z","user_id":"v","amount":10,"location":"Oslo"}
{"txn_id":4,"timestamp":"2026-01-10T04:00:00Z","user_id":"w","amount":6000,"location":"Unknown"}
END
  run --separate-stderr ss-score -f "$S/f.features" in
  status_is 0
  [ "$(grep -c fallback <<<"$stderr")" -eq 1 ]
  # 0.05; 0.05 + 0.375 + 0.25, and ratio to the usual 10 of the payment before: 0.325; 0.05 + 0.20; with weekend
  [ "$(jq -c '.score.value' <<<"$output" | tr '\n' ' ')" = '0.05 0.98 0.25 0.83 ' ] || { jq -c .score <<<"$output"; false; }
  [ "$(jq -r '.score.model' <<<"$output" | sort -u)" = none ]
  [ "$(jq -r '.score.reasons[0].code' <<<"$(sed -n 2p <<<"$output")")" = risky_place ]
}

@test "SIGHUP reloads the model between batches; a bad file changes nothing" {
  cp "$S/gbt.ssm" m.ssm
  mkfifo in
  ss-score -v -m m.ssm in > out 2> err &
  pid=$!
  exec 9> in
  head -1 "$S/p.ndjson" >&9
  for _ in $(seq 100); do [ -s out ] && break; sleep 0.05; done
  cp "$S/both.ssm" m.ssm
  kill -HUP $pid
  sleep 0.2
  sed -n 2p "$S/p.ndjson" >&9
  for _ in $(seq 100); do [ "$(wc -l < out)" -ge 2 ] && break; sleep 0.05; done
  echo broken > m.ssm
  kill -HUP $pid
  sleep 0.2
  sed -n 3p "$S/p.ndjson" >&9
  for _ in $(seq 100); do [ "$(wc -l < out)" -ge 3 ] && break; sleep 0.05; done
  exec 9>&-
  wait $pid
  [ "$(jq -r '.score.model[:4]' out | tr '\n' ' ')" = 'gbt: both both ' ]
  grep -q 'the model in use stays' err
  grep -q 'reloaded' err
}

@test "with --state the features computed here go on where they were" {
  ss-score -m "$S/gbt.ssm" "$S/p.ndjson" > whole
  for cut in 1 777; do
    rm -f st
    { head -$cut "$S/p.ndjson" | ss-score -m "$S/gbt.ssm" --state st
      tail -n +$((cut + 1)) "$S/p.ndjson" | ss-score -m "$S/gbt.ssm" --state st; } > parts
    same whole parts
  done
  head -c 1000 st > cut.st
  run ss-score -m "$S/gbt.ssm" --state cut.st "$S/p.ndjson"
  status_is 65
  ss-features -f "$S/f.features" "$S/p.ndjson" | ss-score -m "$S/gbt.ssm" --state given.st > given
  same whole given
}
