#!/usr/bin/env bats
# ss-ingest as people use it.
load helper
bats_require_minimum_version 1.5.0

header='txn_id,timestamp,amount'

@test "a map file, a shipped map and the header alone read the Handbook's columns alike" {
  cat >h.csv <<'END'
TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_TIME_SECONDS,TX_TIME_DAYS,TX_FRAUD,TX_FRAUD_SCENARIO
0,2018-04-01 00:00:31,596,3156,57.16,31,0,0,0
1,2018-04-01 00:02:10,4961,3412,146.00,130,0,1,2
END
  cat >want <<'END'
{"txn_id":0,"timestamp":"2018-04-01T00:00:31Z","user_id":596,"amount":57.16,"merchant_id":3156,"label":0,"TX_TIME_SECONDS":31,"TX_TIME_DAYS":0,"TX_FRAUD_SCENARIO":0}
{"txn_id":1,"timestamp":"2018-04-01T00:02:10Z","user_id":4961,"amount":146.00,"merchant_id":3412,"label":1,"TX_TIME_SECONDS":130,"TX_TIME_DAYS":0,"TX_FRAUD_SCENARIO":2}
END
  ss-ingest -m "$DATA/maps/handbook.map" h.csv >got
  same want got
  ss-ingest -m handbook h.csv >got
  same want got
  ss-ingest <h.csv >got
  same want got
}

@test "each known data set is read without a map" {
  for sample in "$DATA"/ingest/*.csv "$DATA"/ingest/*.json "$DATA"/ingest/*.ndjson; do
    ss-ingest --strict --pan keep "$sample" >got
    same "${sample%.*}.expected" got
  done
}

@test "canonical records pass unchanged" {
  ss-gen -n 200 >a.ndjson
  ss-ingest a.ndjson >b.ndjson
  same a.ndjson b.ndjson
  ss-ingest <b.ndjson | cmp - a.ndjson
}

@test "gzip and zstd, several files, each with its own header" {
  printf '%s\n1,2020-01-01,1\n' $header >a.csv
  printf 'amt;when;trans_num\n5;x;3\nAMT;timestamp\n' >b.csv
  printf 'amt;timestamp;trans_num\n5;2020-01-02;3\n' | gzip >c.csv.gz
  printf '{"txn_id":4,"timestamp":"2020-01-03T00:00:00Z","amount":7}\n' | zstd -q >d.zst
  run -65 --separate-stderr ss-ingest --rejects r a.csv b.csv c.csv.gz d.zst
  [ "${#lines[@]}" -eq 3 ]
  [ "$(printf '%s\n' "${lines[@]}" | jq -c '[.txn_id,.amount]' | tr -d '\n')" = '[1,1][3,5][4,7]' ]
  [[ $stderr == *"b.csv:1: no column for 'timestamp'"* ]]
  [ "$(jq -r '"\(.source):\(.line)"' r)" = b.csv:1 ]
}

@test "a bad line is rejected with its line and reason, no good one is lost" {
  {
    echo $header,note
    echo '1,2020-01-01,1,"open'
    printf '2,2020-01-01,2,\xff\xfe\r\n'
    echo '3,soon,3,'
    echo '4,2020-01-01'
    echo '5,9999-01-01,1,'
    echo '6,2020-01-01,NaN,'
    printf '7,2020-01-01,7,"two\nlines, ""quoted"""\n'
    echo '7,2020-01-01,7,'
    printf '8,2020-01-01,8,last'
  } >bad.csv
  ss-ingest --rejects r bad.csv >got
  [ "$(jq -c .txn_id got | tr -d '\n')" = 278 ]
  [ "$(jq -c .line r | tr '\n' ' ')" = '2 4 5 6 7 10 ' ]
  jq -r .reason r >reasons
  grep -q 'quoted field left open' reasons
  grep -q '2 cells where the header has 4' reasons
  grep -q "timestamp is not a time as expected: 'soon'" reasons
  grep -q 'timestamp is after' reasons
  grep -q "amount is not a number: 'NaN'" reasons
  grep -q 'duplicate txn_id' reasons
  run -1 ss-ingest --strict bad.csv
}

@test "a line of 100 MB is skipped in bounded memory" {
  {
    echo $header
    echo 1,2020-01-01,1
    head -c 100000000 /dev/zero | tr '\0' x
    echo
    echo 2,2020-01-01,1
    printf '3,2020-01-01,"'
    head -c 100000000 /dev/zero | tr '\0' '\n'
    echo
    echo 4,2020-01-01,1
  } >long.csv
  ss-ingest --rejects r --stats=stats long.csv >got
  [ "$(jq -c .txn_id got | tr -d '\n')" = 124 ]
  [ "$(jq -r .line r | head -1)" = 3 ]
  [ "$(jq -r .reason r | head -1)" = 'line longer than --max-record' ]
  [ "$(jq .peak_kib stats)" -lt 65536 ] || [ -n "${SAN:-}" ] || [[ ${BUILD:-build} == *-* ]]
}

@test "binary, empty and UTF-16 inputs are refused or empty, never a crash" {
  head -c 100000 /dev/urandom >random
  run ss-ingest -q random
  [ "$status" -eq 65 ] || [ "$status" -eq 0 ]
  : >empty
  run -0 ss-ingest empty
  [ -z "$output" ]
  printf '\xff\xfet\0i\0' >utf16
  run -65 ss-ingest utf16
  says 'UTF-16'
}

@test "card numbers: a key, a mask, or their owner's word" {
  printf 'timestamp = t\namount = a\ncard_id = cc pan\n' >m.map
  printf 't,a,cc\n2020-01-01,1,4111111111111111\n2020-01-02,1,4111-1111-1111-1111\n' >c.csv
  run -64 ss-ingest -m ./m.map c.csv
  says '--pan-key'
  says "'cc'"
  head -c 32 /dev/zero | tr '\0' k >key
  ss-ingest -m ./m.map --pan-key key c.csv >got
  [ "$(jq -r .card_id got | uniq | wc -l)" -eq 1 ]
  [ "$(jq -r .card_last4 got | uniq)" = 1111 ]
  want=$(printf 4111111111111111 | openssl dgst -sha256 -hmac "$(cat key)" 2>/dev/null | sed 's/.*= *//' | cut -c1-32) || want=
  [ -z "$want" ] || [ "$(jq -r .card_id got | uniq)" = "$want" ]
  not grep -q 4111111111111111 got
  [ "$(ss-ingest -m ./m.map --pan mask c.csv | jq -r .card_id | uniq)" = '411111******1111' ]
  [ "$(ss-ingest -m ./m.map --pan keep c.csv | jq -r .card_id | head -1)" = 4111111111111111 ]
  echo short >key
  run -78 ss-ingest -m ./m.map --pan-key key c.csv
}

@test "a column that looks like card numbers and is not declared is a warning, once" {
  { echo timestamp,amount,cc; for i in 1 2 3 4 5; do echo "2020-01-0$i,1,4111111111111111"; done; } >c.csv
  run --separate-stderr ss-ingest c.csv
  [ "$status" -eq 0 ]
  [ "${#stderr_lines[@]}" -eq 1 ]
  [[ $stderr == *"column 'cc' looks like card numbers"* ]]
  [[ $output == *4111111111111111* ]]
}

@test "duplicates are rejected, or kept, and said either way" {
  printf '%s\n1,2020-01-01,1\n1,2020-01-01,1\n2,2020-01-01,1\n' $header >d.csv
  run -0 --separate-stderr ss-ingest d.csv
  [ "${#lines[@]}" -eq 2 ]
  [[ $stderr == *'1 duplicate of txn_id rejected'* ]]
  run -0 --separate-stderr ss-ingest --duplicates keep d.csv
  [ "${#lines[@]}" -eq 3 ]
  [[ $stderr == *'1 duplicate of txn_id kept'* ]]
  run -0 --separate-stderr ss-ingest --duplicate-window 0 d.csv
  [ "${#lines[@]}" -eq 3 ]
  [ -z "$stderr" ]
}

@test "date limits" {
  printf '%s\n1,2020-01-01,1\n2,2021-01-01,1\n3,1989-12-31,1\n4,2999-01-01,1\n' $header >d.csv
  [ "$(ss-ingest -q d.csv | jq -c .txn_id | tr -d '\n')" = 12 ]
  [ "$(ss-ingest -q --after 2020-06-01 --before 3000-01-01 d.csv | jq -c .txn_id | tr -d '\n')" = 24 ]
}

@test "a wrong map names its line and the fix" {
  printf 'timestamp = t\namount = a nubmer\n' >bad.map
  run -78 ss-ingest -m ./bad.map /dev/null
  says "bad.map:2: unknown word 'nubmer'"
  printf 'timestamp = t "%%Y-%%Q"\n' >bad.map
  run -78 ss-ingest -m ./bad.map /dev/null
  says "bad.map:1: unknown time conversion '%Q'"
  run -66 ss-ingest -m no-such /dev/null
  says 'handbook'
  run -66 ss-ingest -m ./no-such.map /dev/null
}

@test "the same bytes however the input arrives, and fused" {
  ss-gen -n 3000 --format csv --malformed 0.05 >g.csv
  ss-ingest -q --rejects r1 g.csv >a
  { head -c 5000 g.csv; sleep 0.1; tail -c +5001 g.csv | head -c 77; sleep 0.1; tail -c +5078 g.csv; } | ss-ingest -q --rejects r2 >b
  same a b
  [ "$(wc -l <a)" -gt 2500 ]
  [ "$(jq -c 'del(.source)' r1 | cksum)" = "$(jq -c 'del(.source)' r2 | cksum)" ]
  ss-run 'ingest' <g.csv >c 2>/dev/null
  same a c
}

@test "hostile JSON: each bad line is rejected with its line, no good one is lost" {
  good() { echo "{\"txn_id\":$1,\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":1}"; }
  {
    good 1
    echo '{"txn_id":2,"timestamp":"2020-01-01T00:00:00Z","amou'
    printf '{"txn_id":3,"timestamp":"2020-01-01T00:00:00Z","amount":1,"x":"\xff"}\n'
    echo '{"txn_id":4,"timestamp":"2020-01-01T00:00:00Z","amount":1,"txn_id":5}'
    echo '{"txn_id":6,"timestamp":"9999-12-31T23:59:59Z","amount":1}'
    echo '{"txn_id":7,"timestamp":"0000-01-01T00:00:00Z","amount":1}'
    echo '{"txn_id":8,"timestamp":"2020-01-01T00:00:00Z","amount":NaN}'
    echo '{"txn_id":9,"timestamp":"2020-01-01T00:00:00Z","amount":1e400}'
    printf '{"txn_id":10,"x":'; head -c 200000 /dev/zero | tr '\0' '['; echo
    printf '{"txn_id":11,"x":"'; head -c 3000000 /dev/zero | tr '\0' x; echo '"}'
    printf '\0\0\0\n'
    echo '[1,2'
    good 12
    good 123456789012345678901234567890
    printf '\n\r\n'
    printf '%s' "$(good 13)"
  } >h.ndjson
  ss-ingest --rejects r h.ndjson >got
  [ "$(jq -r '.txn_id|tostring' got | wc -l)" -eq 4 ]
  grep -q '"txn_id":123456789012345678901234567890,' got
  [ "$(tail -n 1 got)" = "$(good 13)" ]
  [ "$(jq .line r | tr '\n' ' ')" = '2 3 4 5 6 7 8 9 10 11 12 12 ' ]
  not grep -q null r
}

@test "an array is read like lines, whatever its layout" {
  ss-gen -n 50 >a.ndjson
  jq -s . a.ndjson >pretty.json
  jq -cs . a.ndjson >one-line.json
  ss-ingest pretty.json | jq -c . >b
  ss-ingest one-line.json | jq -c . >c
  jq -c . a.ndjson >want
  same want b
  same want c
}
