#!/usr/bin/env bats
# Topics that are not as they were: deleted by retention, made anew, with gaps; ends in time; disks that are full. On a
# real Apache Kafka started once for this file. Skipped where Java or Maven is away.
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
# Payments in in, and in three parts of 200, 300 and 500.
payments() {
  ss-gen -n 1000 --seed 7 | ss-ingest -q >in
  head -n 200 in >first
  sed -n 201,500p in >second
  tail -n 500 in >third
}
feed() { kcat -b "$KAFKA" -P -t "a$N" <"$1"; }
in_seconds() { date -u -d "+$1 seconds" +%Y-%m-%dT%H:%M:%SZ; }
features() { ss-features -i "$URI/a$N?group=g$N&until=end$1" --state st "${@:2}"; }

@test "a time to come is the end also where nothing comes then" {
  topic "a$N" 3
  payments
  ss-rules -q first -o "$URI/a$N?key=user_id"
  until=$(in_seconds 2)
  timeout 15 ss-rules -q -i "$URI/a$N?until=$until" >alone &
  timeout 15 ss-rules -q -i "$URI/a$N?group=g$N&until=$until" >group &
  wait %1
  wait %2
  [ "$(wc -l <alone)" -eq 200 ]
  [ "$(wc -l <group)" -eq 200 ]
}

@test "members of a group stop at a time to come, though it falls behind a transaction" {
  topic "a$N" 2
  topic "b$N" 1
  payments
  kcat -b "$KAFKA" -P -t "b$N" <first
  ss-rules -q -i "$URI/b$N?group=h$N&until=end" -o "$URI/a$N?key=user_id&exactly_once=1"
  until=$(in_seconds 3)
  for i in 1 2; do
    timeout 100 ss-rules -q -i "$URI/a$N?group=g$N&until=$until&commit=50ms" -X session.timeout.ms=4000 \
      -X heartbeat.interval.ms=200 >"out$i" &
  done
  while [ ! "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \> "$until" ]; do sleep 0.1; done
  ss-rules -q second -o "$URI/a$N?key=user_id"
  wait %1
  wait %2
  # One that a busy machine held up for longer than its session has its records made again by the other.
  cat out1 out2 | jq -r .txn_id | sort -u | same /dev/stdin <(jq -r .txn_id first | sort)
}

@test "what lies behind an end in time is the next run's" {
  topic "a$N" 6
  payments
  ss-rules -q first -o "$URI/a$N?key=user_id"
  sleep 1.1
  until=$(in_seconds 0)
  ss-rules -q second -o "$URI/a$N?key=user_id"
  ss-rules -q third -o "$URI/a$N?key=user_id"
  ss-rules -q -i "$URI/a$N?group=g$N&until=$until&commit=1ms" -X fetch.message.max.bytes=2000 >out1
  ss-rules -q -i "$URI/a$N?group=g$N&until=end" >out2
  jq -r .txn_id out1 | sort | same /dev/stdin <(jq -r .txn_id first | sort)
  jq -r .txn_id out2 | sort | same /dev/stdin <(jq -r .txn_id second third | sort)
}

@test "what retention deleted before a state has seen it costs nothing that is still there" {
  topic "a$N" 1
  payments
  feed first
  features '' -q -o /dev/null
  cp -r st old
  feed second
  features '' -q -o /dev/null
  rm -r st
  mv old st
  broker trim "a$N" 0 350
  feed third
  features '&from=latest' >out 2>err
  jq -r .txn_id out | same /dev/stdin <(jq -r .txn_id third)
  grep -q "'a$N' \[0\]: 150 messages that its state has not seen are no longer there" err
}

@test "what retention deleted before the group has read it is said" {
  topic "a$N" 1
  payments
  feed first
  features '' -q -o /dev/null
  ss-pace -q --report /dev/null -i "$URI/a$N?group=r$N&until=end" -o /dev/null
  feed second
  feed third
  broker trim "a$N" 0 500
  features '&from=latest' >out 2>err
  jq -r .txn_id out | same /dev/stdin <(jq -r .txn_id third)
  grep -q "'a$N' \[0\]: 300 messages behind the committed position are no longer there" err
  ss-pace --report /dev/null -i "$URI/a$N?group=r$N&until=end&from=latest" >out 2>err
  jq -r .txn_id out | same /dev/stdin <(jq -r .txn_id third)
  grep -q 'offset reset (at offset 200' err
}

@test "a topic that was made anew is read from its beginning, without the state of the old one" {
  topic "a$N" 1
  payments
  feed in
  features '' -q -o /dev/null
  broker drop "a$N"
  topic "a$N" 1
  feed first
  features '' >out 2>err
  same out <(ss-features -q first)
  grep -q "'st/a$N-0.state' stands for position 1000, and only -1 is committed" err
}

@test "a topic that lost its end is read from its beginning" {
  topic "a$N" 1
  payments
  feed in
  features '' -q -o /dev/null
  broker drop "a$N"
  topic "a$N" 1
  feed first
  broker commit "g$N" "a$N" 0 1000
  features '' >out 2>err
  same out <(ss-features -q first)
  grep -q "'a$N' \[0\] ends at 200, and position 1000 is committed" err
  [ -e "st/a$N-0.state.beyond" ]
  features '' -q | same /dev/stdin /dev/null
}

@test "a full disk does not stop the stream, and is told" {
  topic "a$N" 1
  topic "b$N" 1
  payments
  feed in
  status=0
  (trap '' XFSZ && ulimit -f 100 && features '' --snapshot-every 1ms -o "$URI/b$N" -X fetch.message.max.bytes=2000 2>err) ||
    status=$?
  [ "$status" -eq 74 ]
  grep -q "cannot write 'st/a$N-0.state.tmp.*': File too large" err
  read_topic "b$N" | same /dev/stdin <(ss-features -q in)
  ls st | same /dev/stdin /dev/null
  # Nothing was remembered, all is committed: made anew from the topic.
  feed in
  features '' -q | tail -n 1000 | same /dev/stdin <(cat in in | ss-features -q | tail -n 1000)
}

@test "tombstones and messages without a key are read, and bad ones told by their place" {
  topic "a$N" 1
  payments
  head -n 3 in | sed 's/^/k\t/' | kcat -b "$KAFKA" -P -t "a$N" -K $'\t'
  printf 'k\t\n' | kcat -b "$KAFKA" -P -t "a$N" -K $'\t' -Z
  { printf '{"txn_id":"' && head -c 900000 /dev/zero | tr '\0' x && echo '","amount":1}'; } >huge
  sed "s|^|k\t|" huge | kcat -b "$KAFKA" -P -t "a$N" -K "$(printf "\t")"
  ss-rules -q --max-record 100000 -i "$URI/a$N?until=end" --rejects rejects >out
  same out <(head -n 3 in | ss-rules -q)
  [ "$(jq -c '[.partition, .offset]' rejects)" = '[0,4]' ]
}

@test "what a calm input gives is written at once, not at the end" {
  topic "a$N" 1
  mkfifo calm
  timeout 60 ss-rules -q -i calm -o "$URI/a$N" &
  exec 7>calm
  for n in 1 2 3; do
    echo "{\"txn_id\":\"t$n\",\"amount\":$n}" >&7
    timeout 30 kcat -b "$KAFKA" -C -q -t "a$N" -o $((n - 1)) -c 1 | jq -r .txn_id | same /dev/stdin <(echo "t$n")
  done
  exec 7>&-
  wait %1
}

@test "a member in reserve leaves its group when it ends: nobody waits for its session" {
  topic "a$N" 1
  payments
  feed first
  long="-X session.timeout.ms=300000"
  ss-rules -v $long -i "$URI/a$N?group=g$N&commit=50ms" >out1 2>err1 & pid=$!
  wait_for grep -q 'gives 1 partition' err1
  ss-rules -v $long -i "$URI/a$N?group=g$N" >out2 2>err2 & reserve=$!
  wait_for grep -q 'gives 0 partitions' err2
  kill -TERM $reserve
  wait $reserve
  timeout 100 ss-rules -q $long -i "$URI/a$N?group=g$N&until=end" >out3
  kill -TERM $pid
  wait $pid
  cat out1 out3 | same /dev/stdin <(ss-rules -q first)
}

@test "members that start and end while the group shares out hold nobody up" {
  topic "a$N" 2
  payments
  ss-rules -q first -o "$URI/a$N?key=user_id"
  for i in 1 2 3 4; do
    timeout 100 ss-rules -q -X session.timeout.ms=300000 -i "$URI/a$N?group=g$N&until=end&commit=20ms" >"out$i" & pids[i]=$!
  done
  for i in 1 2 3 4; do wait "${pids[i]}"; done
  cat out1 out2 out3 out4 | sort -u | same /dev/stdin <(ss-rules -q first | sort)
}

@test "batches are no longer than their topic takes, and what is too long alone is a reject" {
  topic "a$N" 1
  topic "dead$N" 1 max.message.bytes=5000
  payments
  jq -c '. + {note: ([range(900) | tostring] | join("-"))}' third | head -n 60 >long
  cat first long second >mixed
  feed mixed
  for once in 0 1; do
    topic "b$once$N" 1 max.message.bytes=3000
    ss-rules -q -i "$URI/a$N?group=g$once$N&until=end" -o "$URI/b$once$N?exactly_once=$once" --rejects "$URI/dead$N"
    read_topic "b$once$N" | same /dev/stdin <(cat first second | ss-rules -q)
    read_topic "dead$N" | tail -n 60 | jq -c '[.reason, .source, .partition, .offset]' |
      same /dev/stdin <(for o in {200..259}; do echo "[\"longer than the topic's max.message.bytes\",\"a$N\",0,$o]"; done)
  done
  [ "$(read_topic "dead$N" | wc -l)" -eq 120 ]
  # Compressed it is short enough.
  jq -c '. + {note: ("x" * 5000)}' first | ss-rules -q -X compression.codec=lz4 -o "$URI/b0$N"
  [ "$(read_topic "b0$N" | wc -l)" -eq 700 ]
}

@test "a message goes that is just as long as its topic takes, and none of a byte more" {
  topic "a$N" 1
  topic "b$N" 1 max.message.bytes=300
  for n in {1..200}; do jq -nc --argjson n "$n" '{txn_id: "t", amount: 1, note: ("x" * $n)}'; done >in
  kcat -b "$KAFKA" -P -t "a$N" -k key -H trace=xyz -H empty= <in
  ss-rules -q -i "$URI/a$N?until=end" -o "$URI/b$N" --rejects rejects
  went=$(read_topic "b$N" | wc -l)
  [ "$went" -gt 10 ]
  [ "$(head -n 1 rejects | jq .offset)" -eq "$went" ]
  sed -n "$((went + 1))p" in | ss-rules -q >longer
  run kcat -b "$KAFKA" -P -t "b$N" -k key -H trace=xyz -H empty= longer
  says 'Message size too large'
  read_topic "b$N" | tail -n 1 | kcat -b "$KAFKA" -P -t "b$N" -k key -H trace=xyz -H empty=
}

@test "a transaction that may last longer than the brokers allow is a wrong use" {
  topic "a$N" 1
  run ss-rules -q -X transaction.timeout.ms=2000000 -i "$URI/a$N?group=g$N&until=end" -o "$URI/b$N?exactly_once=1"
  status_is 64
  says 'Transaction timeout is larger than the maximum value allowed'
}

@test "records that a group passes by are seen by its state, in silence" {
  topic "a$N" 1
  payments
  feed first
  features '' -q -o /dev/null
  feed second
  feed third
  broker commit "g$N" "a$N" 0 500
  features '' -q | same /dev/stdin <(ss-features -q in | tail -n 500)
}

@test "what is deleted from the topic, its state passes by, too" {
  topic "a$N" 1
  payments
  feed first
  features '' -q -o /dev/null
  { echo 'poison'; cat second; } >worse
  feed worse
  broker commit "g$N" "a$N" 0 201
  broker trim "a$N" 0 201
  features '' --rejects rejects >out 2>err
  same out <(cat first second | ss-features -q | tail -n 300)
  [ ! -s rejects ]
  grep -q '1 message.* that its state has not seen' err
}

@test "the state of other features, of another pipeline or of a later version is not used" {
  topic "a$N" 1
  payments
  feed first
  printf 'user_n = count by user_id over 1d\n' >one
  printf 'shop_n = count by merchant_id over 2d\n' >two
  features '' -q -f one -o /dev/null
  cp "st/a$N-0.state" good
  feed second
  run features '' -q -f two -o /dev/null
  status_is 65
  says "ss-features: 'st/a$N-0.state' is none of this command's: state belongs to feature set "
  run ss-run -q 'features -f one | alert' -i "$URI/a$N?group=g$N&until=end" --state st -o /dev/null
  status_is 65
  says "'st/a$N-0.state' is the state of another pipeline"
  same good "st/a$N-0.state"
  sed '1s/^SSSTATE1/SSSTATE9/' good >"st/a$N-0.state"
  features '' -f one >out 2>err
  grep -q "'st/a$N-0.state' is not a state file: kept as 'st/a$N-0.state.damaged'" err
  same out <(cat first second | ss-features -q -f one | tail -n 300)
}

@test "headers of any bytes, and records without the field of the key, pass" {
  topic "a$N" 1
  topic "b$N" 1
  echo '{"txn_id":"q","timestamp":"2026-03-01T12:00:00Z","amount":1}' |
    kcat -b "$KAFKA" -P -t "a$N" -H "bin=$(printf '\377\376\001')"
  ss-rules -q -i "$URI/a$N?group=g$N&until=end" -o "$URI/b$N?key=user_id&exactly_once=1"
  read_topic "b$N" -f '%k|%h' | same /dev/stdin <(printf '|bin=\377\376\001')
}

@test "bytes that are no text are rejects with their key and headers, whatever those hold" {
  topic "a$N" 1
  topic "dead$N" 1
  payments
  for bytes in '{"txn_id":"n\0","amount":1}' '{"txn_id":"u\377","amount":1}' '\0' '\377\376'; do
    printf "$bytes" >bad
    kcat -b "$KAFKA" -P -t "a$N" -k "$(printf 'k\377')" -H "bin=$(printf '\376')" bad
  done
  feed first
  for once in 0 1; do
    topic "b$once$N" 1
    ss-rules -q -i "$URI/a$N?group=g$once$N&until=end" -o "$URI/b$once$N?exactly_once=$once" --rejects "$URI/dead$N"
    read_topic "b$once$N" | same /dev/stdin <(ss-rules -q first)
  done
  read_topic "dead$N" | jq -s -c 'map(.offset)' | same /dev/stdin <(echo '[0,1,2,3,0,1,2,3]')
  read_topic "dead$N" -f '%k|%h\n' | sed 's/,.*//' | sort -u | same /dev/stdin <(printf 'k\377|bin=\376\n')
}
