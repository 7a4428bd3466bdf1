#!/usr/bin/env bats
# What changes under a pipeline that runs for years: partitions that are added, topics that are compacted, clocks that
# are wrong, directories that are not there. On a real Apache Kafka started once for this file. Skipped where Java or
# Maven is away.
bats_require_minimum_version 1.5.0
load helper
load broker
eval "$(declare -f setup | sed '1s/setup/fresh_folder/')"

setup_file() { start_broker; }
teardown_file() { stop_broker; }
setup() {
  fresh_folder
  [ -z "$WHY_NOT" ] || skip "$WHY_NOT"
  N=$BATS_TEST_NUMBER
  URI=kafka://$KAFKA
  ss-gen -n 600 --seed 7 | ss-ingest -q >in
}
has() { [ "$(read_topic "$1" | wc -l)" -ge "$2" ]; }
soon="-X topic.metadata.refresh.interval.ms=300"

@test "partitions that are added while members run are read from their beginning, whatever from= says" {
  pids=()
  for command in ss-rules ss-features; do
    t=$command$N
    topic "$t" 2
    topic "out.$t" 2
    state=()
    [ $command = ss-rules ] || state=(--state st)
    $command -v $soon -i "$URI/$t?group=g$t&from=latest&commit=50ms" -o "$URI/out.$t?key=user_id&exactly_once=1" \
      "${state[@]}" --metrics "$t.prom" 2>"err.$t" & pids+=($!)
    wait_for grep -q 'ss_kafka_committed_offset.*partition="0"} 0' "$t.prom"
    wait_for grep -q 'ss_kafka_committed_offset.*partition="1"} 0' "$t.prom"
  done
  for command in ss-rules ss-features; do
    t=$command$N
    head -n 200 in | ss-rules -q -o "$URI/$t?key=user_id"
    wait_for has "out.$t" 200
    broker grow "$t" 4
    broker grow "out.$t" 4
    sed -n 201,400p in | ss-rules -q -o "$URI/$t?key=user_id"
    wait_for has "out.$t" 400
    tail -n 200 in | ss-rules -q -o "$URI/$t?key=user_id"
    wait_for has "out.$t" 600
  done
  kill -TERM "${pids[@]}"
  wait "${pids[@]}"
  for command in ss-rules ss-features; do
    read_topic "out.$command$N" | jq -r .txn_id | sort | same /dev/stdin <(jq -r .txn_id in | sort)
    [ "$(read_topic "$command$N" -p 3 | wc -l)" -gt 0 ]
  done
}

@test "partitions that were added while no member ran are read from their beginning, too" {
  topic "a$N" 2
  head -n 200 in | ss-rules -q -o "$URI/a$N?key=user_id"
  ss-rules -q -i "$URI/a$N?group=g$N&from=latest&until=end" | same /dev/stdin /dev/null
  broker grow "a$N" 5
  tail -n 400 in | ss-rules -q -o "$URI/a$N?key=user_id"
  ss-rules -q -i "$URI/a$N?group=g$N&from=latest&until=end" | jq -r .txn_id | sort |
    same /dev/stdin <(tail -n 400 in | jq -r .txn_id | sort)
}

@test "members share a directory of states: who takes over goes on from what the dead one left" {
  topic "a$N" 4
  topic "b$N" 4
  pids=()
  for i in 1 2; do
    ss-features -v -X session.timeout.ms=2500 -X heartbeat.interval.ms=300 -i "$URI/a$N?group=g$N&commit=50ms" \
      -o "$URI/b$N?key=user_id&exactly_once=1" --state st --snapshot-every 50ms 2>"err$i" & pids+=($!)
  done
  for i in 1 2; do wait_for grep -q 'gives [1-4] partition' "err$i"; done
  head -n 300 in | ss-rules -q -o "$URI/a$N?key=user_id"
  wait_for has "b$N" 300
  for p in 0 1 2 3; do wait_for [ -e "st/a$N-$p.state" ]; done
  kill -KILL "${pids[0]}"
  tail -n 300 in | ss-rules -q -o "$URI/a$N?key=user_id"
  wait_for has "b$N" 600
  kill -TERM "${pids[1]}"
  wait "${pids[1]}"
  grep -q "goes on from its state" err2
  for p in 0 1 2 3; do read_topic "a$N" -p $p | ss-features -q; done | sort >want
  read_topic "b$N" | sort | same /dev/stdin want
}

@test "a directory of states that goes away while members run stops nothing, and is told" {
  topic "a$N" 1
  touch file
  run ss-features -q -i "$URI/a$N?group=g$N" --state file
  status_is 73
  says "'file' is no directory, which states of partitions want"
  head -n 300 in | kcat -b "$KAFKA" -P -t "a$N"
  ss-features -q -i "$URI/a$N?group=g$N&commit=50ms" -o out --state st --snapshot-every 50ms --metrics m.prom 2>err & pid=$!
  wait_for [ -e "st/a$N-0.state" ]
  rm -r st
  tail -n 300 in | kcat -b "$KAFKA" -P -t "a$N"
  wait_for grep -q 'ss_state_failed_snapshots_total{.*} [1-9]' m.prom
  wait_for bash -c '[ "$(wc -l <out)" -eq 600 ]'
  kill -TERM $pid
  status=0
  wait $pid || status=$?
  status_is 73
  grep -q "cannot create 'st/a$N-0.state.tmp.*': No such file or directory" err
  same out <(ss-features -q in)
  # All was committed, and what was known of it is made anew from the topic.
  kcat -b "$KAFKA" -P -t "a$N" <in
  ss-features -q -i "$URI/a$N?group=g$N&until=end" --state st | same /dev/stdin <(cat in in | ss-features -q | tail -n 600)
}

@test "dead letters are mended and sent again as ss-kafka(7) has it: nothing is missing, nothing doubled" {
  topic transactions.raw 3
  topic dead_letter_queue 1
  topic "b$N" 3
  score() { ss-run -q 'features | rules' -i "$URI/transactions.raw?group=s$N&until=end" -o "$URI/b$N?key=user_id&exactly_once=1" \
    --rejects "$URI/dead_letter_queue"; }
  sed '3s/"amount":\([0-9]*\)\.\([0-9]*\)/"amount":"\1,\2"/; 7s/,"timestamp"/ "timestamp"/; 11s/$/x/' in >worse
  paste <(jq -r .user_id in) worse | kcat -b "$KAFKA" -P -t transactions.raw -K $'\t' -X partitioner=murmur2_random
  echo nonsense | ss-rules -q --rejects "$URI/dead_letter_queue"
  score
  [ "$(read_topic dead_letter_queue | wc -l)" -eq 4 ]
  printf '%s\n' '#!/bin/sh' "sed 's/\"amount\":\"\([0-9]*\),\([0-9]*\)\"/\"amount\":\1.\2/; s/ \"timestamp\"/,\"timestamp\"/; s/x$//'" >mend
  chmod +x mend
  "$ROOT/scripts/page-examples" -v section=DESCRIPTION "$ROOT/man/ss-kafka.7" |
    sed -n '/group=mending/,/^$/p' | sed "s/b1:9092/$KAFKA/g" | sed '/mend </q' >recipe
  [ "$(wc -l <recipe)" -eq 4 ]
  for again in 1 2; do
    bash -e -o pipefail recipe
    score
  done
  [ "$(read_topic dead_letter_queue | wc -l)" -eq 4 ]
  read_topic "b$N" | jq -r .txn_id | sort | same /dev/stdin <(jq -r .txn_id in | sort)
  read_topic transactions.raw -f '%k %p\n' | sort -u | cut -d' ' -f1 | uniq -d | same /dev/stdin /dev/null
}
