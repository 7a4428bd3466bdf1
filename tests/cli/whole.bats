#!/usr/bin/env bats
# The promises about the whole: piped = fused = sharded, any chunking, save and restore, an audit in two commands.
load helper

# Payments with shared merchants and devices, some late, some malformed, split by a model trained on them.
setup_file() {
  export SHARED=$(mktemp -d)
  PATH="$BATS_TEST_DIRNAME/../../${BUILD:-build}/bin:$PATH"
  cd "$SHARED" || return 1
  ss-gen -n 12000 --event-rate 0.05 --customers 200 --merchants 50 --fraud 0.05 --late 0.03 --malformed 0.005 \
    --seed 7 >payments.ndjson
  ss-ingest -q payments.ndjson >clean.ndjson
  ss-train -q -o model.ssm --rounds 20 clean.ndjson >report.txt
}

teardown_file() {
  rm -rf "$SHARED"
}

@test "a fused pipeline prints the bytes of the piped one, whatever the number of workers" {
  ss-ingest -q "$SHARED/payments.ndjson" | ss-features -q | ss-score -q -m "$SHARED/model.ssm" >piped
  [ "$(wc -l <piped)" -gt 11000 ]
  for jobs in 1 2 3 8; do
    ss-run -q -j $jobs "ingest | features | score -m $SHARED/model.ssm" "$SHARED/payments.ndjson" >fused
    same piped fused || { echo "with -j $jobs"; return 1; }
  done
}

@test "scoring computes the features that are missing: the audit needs no feature stage" {
  ss-features -q "$SHARED/clean.ndjson" | ss-score -q -m "$SHARED/model.ssm" | jq -c .score >with
  ss-score -q -m "$SHARED/model.ssm" "$SHARED/clean.ndjson" | jq -c .score >without
  same with without
}

@test "input in pieces of any size changes no byte" {
  ss-run -q "ingest | features | score -m $SHARED/model.ssm" "$SHARED/payments.ndjson" >whole
  for size in 1 7 4093 70001; do
    head -c 200000 "$SHARED/payments.ndjson" | perl -e '
      binmode STDIN; binmode STDOUT; $| = 1;
      while (sysread(STDIN, $b, shift || '$size')) { syswrite(STDOUT, $b) }' |
      ss-run -q "ingest | features | score -m $SHARED/model.ssm" >pieces
    [ "$(wc -l <pieces)" -gt 500 ]
    head -n "$(($(wc -l <pieces) - 1))" whole >want
    head -n "$(($(wc -l <pieces) - 1))" pieces >got
    same want got || { echo "pieces of $size bytes"; return 1; }
  done
}

@test "saved and restored at any record, features go on as if nothing had happened" {
  ss-features -q "$SHARED/clean.ndjson" >whole
  for at in 1 2 999 5000 $(($(wc -l <"$SHARED/clean.ndjson") - 1)); do
    rm -f state
    head -n $at "$SHARED/clean.ndjson" | ss-features -q --state state >parts
    tail -n +$((at + 1)) "$SHARED/clean.ndjson" | ss-features -q --state state >>parts
    same whole parts || { echo "saved after record $at"; return 1; }
  done
}

@test "a state saved by one worker is restored by three, and the other way round" {
  ss-features -q "$SHARED/clean.ndjson" >whole
  head -n 6000 "$SHARED/clean.ndjson" | ss-run -q -j 1 features --state state >parts
  tail -n +6001 "$SHARED/clean.ndjson" | head -n 3000 | ss-run -q -j 3 features --state state >>parts
  tail -n +9001 "$SHARED/clean.ndjson" | ss-run -q -j 2 features --state state >>parts
  same whole parts
}

@test "a second run replaces the members of the first" {
  ss-run -q "features | score -m $SHARED/model.ssm" "$SHARED/clean.ndjson" >once
  ss-run -q "features | score -m $SHARED/model.ssm" once >twice
  same once twice
}

@test "every byte of the input that is no member of ours is kept" {
  printf '%s\n' '{ "odd" : 1.50, "txn_id":123456789012345678901234567890, "timestamp":"2026-01-02T03:04:05Z" ,"amount":1e1 ,"user_id":"u\u00e9" }' >odd
  ss-features -q odd >out
  [ "$(head -c 117 out)" = "$(head -c 117 odd)" ] || { cat out; return 1; }
}

@test "a state of another feature file, or a damaged one, is refused" {
  head -n 100 "$SHARED/clean.ndjson" | ss-features -q --state state >/dev/null
  run bash -c "ss-features -f handbook --state state <'$SHARED/clean.ndjson'"
  status_is 65
  head -c 300 state >short
  run bash -c "ss-features --state short <'$SHARED/clean.ndjson'"
  status_is 65
}
