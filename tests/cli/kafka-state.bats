#!/usr/bin/env bats
# States of partitions, on a real Apache Kafka started once for this file: kept in snapshots, brought up to the
# committed position in silence, made anew from the topic. Skipped where Java or Maven is away.
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
}

# $1 payments, cut into four files, keyed by customer as kcat takes them; topics a$N and b$N.
payments() {
  ss-gen -n "$1" --seed 7 | ss-ingest -q >in
  paste <(jq -r .user_id in) in >keyed
  split -n l/4 -d keyed keyed.
  topic "a$N" 4
  topic "b$N" 4
}
feed() { kcat -b "$KAFKA" -P -t "a$N" -K $'\t' -X partitioner=murmur2_random <"keyed.0$1"; }
feed_all() { for i in 0 1 2 3; do feed $i; done; }
# What a command makes of each partition alone.
alone() {
  local p
  for p in 0 1 2 3; do
    consume -t "a$N" -p $p >part
    [ -s part ]
    "$@" <part
  done
}
# A member that finds dead ones out soon.
member() { "$@" -v -X session.timeout.ms=1500 -X heartbeat.interval.ms=200 2>>err; }
# The same one again, after it was killed: it has its partitions at once.
again=(-v -X group.instance.id=m1 -X session.timeout.ms=10000 -X heartbeat.interval.ms=200)
more_than() { [ "$(read_topic "b$N" | wc -l)" -gt "$1" ]; }
# Feeds the topic, and kills each member as soon as it has brought more out; the last one reads to the end. The
# arguments: command, what the URIs say more, options.
kill_again_and_again() {
  local -a command
  local in=$2 out=$3 i had
  eval "command=($1)"
  shift 3
  for i in 0 1 2; do
    feed $i
    had=$(read_topic "b$N" | wc -l)
    (exec "${command[@]}" -i "$URI/a$N?group=g$N&$in" -o "$URI/b$N?key=user_id&$out" "$@" \
      "${again[@]}" 2>>err) &
    wait_for more_than "$had"
    kill -KILL $!
    wait $! || true
  done
  feed 3
  "${command[@]}" -i "$URI/a$N?group=g$N&until=end&$in" -o "$URI/b$N?key=user_id&$out" "$@" "${again[@]}" 2>>err
}

@test "a partition's features are those of its records alone, however many members share the topic" {
  payments 4000
  feed_all
  for i in 1 2; do
    member ss-features -i "$URI/a$N?group=g$N&until=end&commit=50ms" -o "$URI/b$N?key=user_id" --state st$i &
  done
  wait
  alone ss-features -q | sort >want
  # One that a busy machine held up for longer than its session has its records written again, and the same.
  read_topic "b$N" | sort -u | same /dev/stdin want
  ss-features -q -i "$URI/a$N?until=end" | sort | same /dev/stdin want
}

@test "exactly once: members killed again and again leave the bytes of a run that nobody disturbed" {
  payments 6000
  kill_again_and_again ss-features 'commit=1s' 'exactly_once=1&commit=20ms' --state st --snapshot-every 20ms
  alone ss-features -q | sort >want
  read_topic "b$N" | sort | same /dev/stdin want
  grep -q 'goes on from its state' err
  [ "$(ls st | grep -c 'state$')" -eq 4 ]
}

@test "at least once: what is written twice is written the same" {
  payments 6000
  kill_again_and_again ss-features 'commit=100ms' '' --state st --snapshot-every 20ms
  alone ss-features -q | sort >want
  read_topic "b$N" | sort -u | same /dev/stdin want
}

@test "without a snapshot the state is made anew from the topic, in silence" {
  payments 6000
  kill_again_and_again ss-features 'commit=1s' 'exactly_once=1&commit=20ms'
  alone ss-features -q | sort >want
  read_topic "b$N" | sort | same /dev/stdin want
  grep -q 'are read again for it' err
}

@test "records held by --lateness survive a kill, and a stop" {
  payments 6000
  kill_again_and_again 'ss-features --lateness 1h' 'commit=1s' 'exactly_once=1&commit=20ms' --state st --snapshot-every 20ms
  alone ss-features -q --lateness 1h | sort >want
  read_topic "b$N" | sort | same /dev/stdin want
}

@test "alerts are grouped within a partition, and told once" {
  payments 6000
  kill_again_and_again 'ss-run "rules | alert --level LOW --dedupe user_id,1d"' 'commit=1s' \
    'exactly_once=1&commit=20ms' --state st --snapshot-every 20ms
  alone ss-run 'rules | alert --level LOW --dedupe user_id,1d' -q | sort >want
  grep -q '"alert":' want
  read_topic "b$N" | sort | same /dev/stdin want
}

@test "labels of their own topic join the payments of their partition, whoever was quicker" {
  payments 4000
  feed_all
  topic "l$N" 4
  printf 'user_n = count by user_id over 1d\nuser_bad = sum(label) by user_id over 30d delay 5m\n' >f.features
  jq -c 'select((.txn_id|tostring|explode|add) % 5 == 0) |
    {type: "label", txn_id, label: 1, user_id, timestamp: (.timestamp[0:19] + "Z" | fromdate + 60 | todate)}' in >labels
  paste <(jq -r .user_id labels) labels | kcat -b "$KAFKA" -P -t "l$N" -K $'\t' -X partitioner=murmur2_random
  for p in 0 1 2 3; do
    { consume -t "a$N" -p $p && consume -t "l$N" -p $p; } |
      ss-features -q -f f.features --lateness 300d
  done | sort >want
  grep -q '"user_bad":[1-9]' want
  for once in 1 0; do
    (exec ss-features -f f.features --lateness 1h -i "$URI/a$N+l$N?group=g$N&commit=20ms" -o "$URI/b$N?exactly_once=$once" \
      --state st --snapshot-every 20ms "${again[@]}" 2>>err) &
    [ $once = 1 ] && wait_for more_than 0
    kill -KILL $!
    wait $! || true
  done
  ss-features -f f.features --lateness 1h -i "$URI/a$N+l$N?group=g$N&until=end" \
    -o "$URI/b$N?exactly_once=1" --state st "${again[@]}" 2>>err
  read_topic "b$N" | sort | same /dev/stdin want
}

@test "behind a topic keyed by another entity --lateness brings the order back" {
  payments 3000
  feed_all
  topic "m$N" 4
  printf 'user_n = count by user_id over 1d\n' >users
  printf 'carry ./users\nuser_mean = mean(user_n) by merchant_id over 1d\nshop_n = count by merchant_id over 1d\nshop_sum = sum(amount) by merchant_id over 1d\n' >shops
  for i in 1 2; do
    member ss-features -f users -i "$URI/a$N?group=u$N&until=end&commit=50ms" -o "$URI/m$N?key=merchant_id" &
  done
  wait
  for i in 1 2; do
    member ss-features -f shops --lateness 365d -i "$URI/m$N?group=m$N&until=end&commit=50ms" \
      -o "$URI/b$N?key=user_id" --state st &
  done
  wait
  read_topic "b$N" | jq -c '[.txn_id, .features.shop_n, .features.shop_sum, .features.user_n, .features.user_mean]' | sort >got
  for p in 0 1 2 3; do
    read_topic "m$N" -p $p | jq -r '"\(.timestamp) \(.txn_id)\t\(.|tojson)"' | sort | cut -f2 | ss-features -q -f shops
  done | jq -c '[.txn_id, .features.shop_n, .features.shop_sum, .features.user_n, .features.user_mean]' | sort | same got /dev/stdin
  # What the first stage counted is what it counts of each partition of its topic.
  alone ss-features -q -f users | jq -c '[.txn_id, .features.user_n]' | sort >want
  read_topic "b$N" | jq -c '[.txn_id, .features.user_n]' | sort | same /dev/stdin want
}

@test "wrong uses are status 64" {
  topic "a$N" 4
  topic "c$N" 2
  run ss-features -q -i "$URI/a$N?until=end" --state st
  status_is 64
  says "--state with a topic needs kafka://...?group=, whose positions it goes with"
  run ss-features -q -i "$URI/a$N+c$N?until=end"
  status_is 64
  says "topics that are read as one must have as many partitions: 'c$N' has 2"
  run ss-features -q -i "$URI/a$N?until=end" -i "$URI/c$N?until=end"
  status_is 64
  says "a topic whose partitions have states can only be the one input"
}
