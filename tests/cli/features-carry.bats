load helper

# Features of customers, then of merchants, of the same payments.
setup_two() {
  cat > users.features <<'F'
user_n       = count       by user_id over 24h
user_sum     = sum(amount) by user_id over 24h
user_country = code(country)
F
  cat > merchants.features <<'F'
carry users.features
merchant_n    = count by merchant_id over 24h
share         = ratio(amount, user_sum)
merchant_mean = mean(features.user_n)  by merchant_id over 24h including current
countries     = distinct(user_country) by merchant_id over 24h
eager         = count by merchant_id over 24h where features.user_n > 1 and features.user_country == "US"
F
}
stages='features -f users.features | features -f merchants.features'

@test "a second feature file reads what the first one made: numbers, texts, windows and conditions" {
  setup_two
  pay() { printf '{"txn_id":"%s","user_id":"%s","merchant_id":"m","timestamp":"2026-01-01T00:0%s:00Z","amount":%s,"country":%s}\n' "$@"; }
  { pay 1 u 1 10 '"US"'; pay 2 u 2 30 '"US"'; pay 3 v 3 5 '"D\"E"'; pay 4 w 4 5 null; } > in
  ss-features -q -f users.features in | ss-features -q -f merchants.features | jq -c '[.features[]][1:]' > out
  cat > want <<'W'
[1,10,"US",1,1,1,1,0]
[2,40,"US",2,0.75,1.5,1,1]
[1,5,"D\"E",3,1,1.3333333333333333,2,1]
[1,5,null,4,1,1.25,2,1]
W
  same want out
}

@test "piped, in one process, on any number of threads and held back, carried features are the same bytes" {
  setup_two
  ss-gen -n 3000 --seed 5 > in
  ss-features -q -f users.features in | ss-features -q -f merchants.features > piped
  [ "$(jq -c 'select(.features.user_n == null or .features.merchant_mean == null)' piped | wc -l)" -eq 0 ]
  for j in 1 2 3; do ss-run -q -j $j "$stages" in | cmp - piped; done
  ss-features -q -f users.features in | ss-features -q -f merchants.features --lateness 5m > held
  ss-run -q "$stages --lateness 5m" in | cmp - held
}

@test "a state saved between two payments carries on" {
  setup_two
  ss-gen -n 2000 --seed 6 | ss-features -q -f users.features > in
  ss-features -q -f merchants.features in > whole
  head -n 700 in | ss-features -q -f merchants.features --state st > parts
  tail -n +701 in | ss-features -q -f merchants.features --state st >> parts
  same whole parts
}

@test "what is not there is null, said once" {
  setup_two
  ss-gen -n 50 --seed 5 > in
  ss-features -f merchants.features in > out 2> err
  [ "$(jq -c '[.features.user_n, .features.user_country, .features.share, .features.merchant_mean]' out | sort -u)" = '[null,null,null,null]' ]
  [ "$(wc -l < err)" -eq 1 ]
  grep -q 'warning: the first payment brings no features.user_n: what is not there is null' err
}

@test "a model is trained on carried features and scores with them behind the first stage" {
  setup_two
  ss-gen -n 4000 --seed 8 | ss-features -q -f users.features > in
  ss-train -q -f merchants.features -o m.model in > report
  grep -q user_sum report
  ss-features -q -f merchants.features in > both
  ss-score -q -m m.model both > given
  ss-score -q -m m.model in > computed
  same given computed
  # Another set is still refused where nothing is carried.
  echo 'n = count by user_id over 1d' > other
  run ss-score -f other in
  status_is 65
  says 'give ss-features the same feature file, or leave ss-features out'
}

@test "a carried file is part of the set, and its own text of the model" {
  setup_two
  mkdir sub; mv users.features sub/; sed -i 's,users.features,sub/users.features,' merchants.features
  ss-gen -n 3 > in
  a=$(ss-features -q -f merchants.features in | jq -r .features.set | sort -u)
  sed -i 's/over 24h/over 23h/' sub/users.features
  b=$(ss-features -q -f merchants.features in | jq -r .features.set | sort -u)
  [ "$a" != "$b" ]
}

@test "mistakes about carried features are named with their line" {
  ss-gen -n 1 > in
  wrong() { echo "$1" > f; run ss-features -f ./f in; status_is 78; says "$2"; }
  wrong 'carry a b' "f:1: expected ',' or the end of the line, found 'b'"
  wrong 'carry a, a' "f:1: feature 'a' is already on line 1"
  wrong 'carry set' "f:1: 'set' cannot be a feature's name"
  wrong 'features.a = count by user_id' "f:1: 'features.a' cannot be a feature's name"
  wrong 'a = hour(features.b)' "f:1: 'features.b' is a number: a field with a date is needed here"
  wrong 'carry ./f' 'files that carry files go 4 deep at most'
  echo 'carry none.features' > f
  run ss-features -f f in
  says "f:1: cannot open 'none.features'"
  echo '{"txn_id":"1","timestamp":"2026-01-01T00:00:00Z","user_id":"u","amount":1,"features":{"a":[1],"b":"x"}}' > in
  echo 'carry a, b' > f
  [ "$(ss-features -q -f ./f in | jq -c '[.features.a,.features.b]')" = '[null,null]' ]
}
