#!/usr/bin/env bats
# Topics as inputs and outputs, on a real Apache Kafka started once for this file: groups, positions, transactions,
# members that are killed and paused, brokers that are, and what guards a broker. Skipped where Java or Maven is away.
bats_require_minimum_version 1.5.0
load helper
load broker
eval "$(declare -f setup | sed '1s/setup/fresh_folder/')"

setup_file() { start_broker --tls --sasl; }
teardown_file() { stop_broker; }
setup() {
  fresh_folder
  [ -z "$WHY_NOT" ] || skip "$WHY_NOT"
  N=$BATS_TEST_NUMBER
  URI=kafka://$KAFKA
}

count_is() { [ "$(read_topic "$1" | wc -l)" -ge "$2" ]; }
# N payments in canonical form, as pipes give them; what ss-rules makes of them.
payments() { ss-gen -n "$1" --seed 7 | ss-ingest -q; }
rules() { ss-rules -q "$@"; }

@test "what goes into a topic comes out of it, and one key keeps to one partition in order" {
  topic "a$N" 4
  payments 2000 >in
  rules in -o "$URI/a$N?key=user_id"
  rules in | sort >want
  read_topic "a$N" | sort | same /dev/stdin want
  read_topic "a$N" -f '%k %p\n' >keys
  sort -u keys | cut -d' ' -f1 | uniq -d | same /dev/stdin /dev/null
  [ "$(cut -d' ' -f2 keys | sort -u | wc -l)" -eq 4 ]
  read_topic "a$N" | jq -r '"\(.user_id) \(.txn_id)"' | sort -s -k1,1 |
    same /dev/stdin <(jq -r '"\(.user_id) \(.txn_id)"' in | sort -s -k1,1)
}

@test "a key goes where Java's clients send it" {
  topic "a$N" 10
  echo '{"txn_id":"1","timestamp":"2026-03-01T12:00:00Z","user_id":"21","amount":1}' |
    rules -o "$URI/a$N?key=user_id"
  # murmur2("21") = -973932308, without its sign 1173551340
  [ "$(read_topic "a$N" -f '%k %p')" = "21 0" ]
}

@test "a topic is read as a batch: until its end, a count, from a place" {
  topic "a$N" 1
  payments 100 >in
  kcat -b "$KAFKA" -P -t "a$N" <in
  rules in >want
  rules -i "$URI/a$N?until=end" | same /dev/stdin want
  rules -i "$URI/a$N?until=count:10" | same /dev/stdin <(head -n 10 want)
  rules -i "$URI/a$N?from=90&until=end" | same /dev/stdin <(tail -n 10 want)
  rules -i "$URI/a$N?from=-3&until=end" | same /dev/stdin <(tail -n 3 want)
  rules -i "$URI/a$N?from=latest&until=end" | same /dev/stdin /dev/null
  rules -i "$URI/a$N?from=2020-01-01&until=2100-01-01&from=0&until=end" | same /dev/stdin want
  rules -i "$URI/a$N?from=2100-01-01&until=end" | same /dev/stdin /dev/null
  rules -i "$URI/a$N?until=2020-01-01" | same /dev/stdin /dev/null
}

@test "a group goes on where it stopped, and reads nothing twice" {
  topic "a$N" 4
  payments 300 >in
  rules in -o "$URI/a$N?key=user_id"
  rules -i "$URI/a$N?group=g$N&until=count:120" >one
  rules -i "$URI/a$N?group=g$N&until=end" >two
  rules -i "$URI/a$N?group=g$N&until=end" >three
  [ "$(wc -l <one)" -eq 120 ]
  [ ! -s three ]
  sort one two | same /dev/stdin <(rules in | sort)
}

@test "positions are committed only when the output is safe" {
  topic "a$N" 1
  payments 50 >in
  kcat -b "$KAFKA" -P -t "a$N" <in
  run rules -i "$URI/a$N?group=g$N&until=end&commit=1ms" -o /dev/full
  status_is 74
  rules -i "$URI/a$N?group=g$N&until=end" | same /dev/stdin <(rules in)
}

@test "a stop commits what has left, and the next run goes on behind it" {
  topic "a$N" 2
  payments 400 >in
  head -n 200 in | rules -o "$URI/a$N?key=user_id"
  ss-rules -i "$URI/a$N?group=g$N" -o one & pid=$!
  wait_for bash -c 'wc -l <one | grep -qx 200'
  kill -TERM $pid
  wait $pid
  tail -n 200 in | rules -o "$URI/a$N?key=user_id"
  rules -i "$URI/a$N?group=g$N&until=end" >two
  [ "$(wc -l <two)" -eq 200 ]
  sort one two | same /dev/stdin <(rules in | sort)
}

@test "rejects say topic, partition and offset, and keep the message's key" {
  topic "a$N" 1
  topic "dead$N" 1
  payments 3 | sed -n '1p' >in
  printf 'k1\tnot json\n' | kcat -b "$KAFKA" -P -t "a$N" -K '\t' -H trace=t7
  kcat -b "$KAFKA" -P -t "a$N" <in
  run rules -v -i "$URI/a$N?until=end" --rejects "$URI/dead$N" -o out
  status_is 0
  same out <(rules in)
  read_topic "dead$N" | jq -c '[.source,.partition,.offset,.raw]' | same /dev/stdin \
    <(echo "[\"a$N\",0,0,\"not json\"]")
  [ "$(read_topic "dead$N" -f '%k %h')" = \
    "k1 trace=t7,ss.reason=unknown word where a value should be,ss.by=json,ss.source=a$N,ss.offset=0,ss.partition=0" ]
  echo nonsense | rules --rejects "$URI/dead$N"
  [ "$(read_topic "dead$N" -o -1 -f '%h')" = 'ss.reason=unknown word where a value should be,ss.by=json,ss.source=stdin,ss.line=1' ]
  run ss-rules -i "$URI/a$N?until=end" -o /dev/null
  says "1 record rejected, the first at a$N[0]@0: "
}

@test "headers and keys pass from topic to topic" {
  topic "a$N" 1
  topic "b$N" 1
  payments 1 | kcat -b "$KAFKA" -P -t "a$N" -k mykey -H trace=xyz -H tenant=bank
  rules -i "$URI/a$N?until=end" -o "$URI/b$N"
  [ "$(read_topic "b$N" -f '%k %h')" = "mykey trace=xyz,tenant=bank" ]
  rules -i "$URI/a$N?until=end&group=g$N" -o "$URI/b$N?exactly_once=1"
  [ "$(read_topic "b$N" -o 1 -c 1 -f '%k %h')" = "mykey trace=xyz,tenant=bank" ]
}

@test "a message may hold a line's end, be empty, be nothing, or be longer than a read" {
  topic "a$N" 1 max.message.bytes=4000000
  payments 1 >in
  sed 's/,/,\n/' in >two-lines
  kcat -b "$KAFKA" -P -t "a$N" -D '\0' two-lines
  printf '' | kcat -b "$KAFKA" -P -t "a$N" -Z -k gone /dev/null
  jq -c '. + {note: ("x" * 700000)}' in >long
  kcat -b "$KAFKA" -P -t "a$N" -X message.max.bytes=4000000 <long
  jq -c '. + {note: ("x" * 2000000)}' in >too-long
  kcat -b "$KAFKA" -P -t "a$N" -X message.max.bytes=4000000 <too-long
  kcat -b "$KAFKA" -P -t "a$N" <in
  run rules -i "$URI/a$N?until=end" --rejects rej -o out
  status_is 0
  [ "$(wc -l <out)" -eq 3 ]
  [ "$(sed -n 2p out | wc -c)" -gt 700000 ]
  sed -n 3p out | same /dev/stdin <(rules in)
  jq -r .reason rej | same /dev/stdin <(echo 'line longer than --max-record')
}

@test "a record that the topic cannot take is a reject, not the end" {
  topic "a$N" 1
  payments 2 >in
  { head -n 1 in; jq -c '. + {note: ("x" * 5000)}' in | head -n 1; tail -n 1 in; } >mixed
  run rules mixed -X message.max.bytes=3000 -o "$URI/a$N" --rejects rej
  status_is 0
  [ "$(read_topic "a$N" | wc -l)" -eq 2 ]
  [ "$(jq -r .reason rej)" = 'longer than message.max.bytes' ]
}

@test "wrong uses are status 64, an absent topic 66 or 73, an absent broker 69" {
  run rules -i "$URI/a?nonsense=1"
  status_is 64
  says "'nonsense=1' is not known here: an input has group=, from=, until= and commit="
  run rules -i "$URI/a$N?until=end" -o "$URI/a$N"
  status_is 66
  says "no topic 'a$N' at '$KAFKA': Broker: Unknown topic or partition"
  topic "a$N" 1
  run rules -i "$URI/a$N?until=end" -o "$URI/a$N?key=user_id"
  status_is 64
  says "is both input and output"
  run rules -i "$URI/a$N?until=end" -o "$URI/b$N?exactly_once=1"
  status_is 64
  says "exactly_once=1 needs an input kafka://...?group=, whose positions it commits"
  run rules -i "$URI/a$N?until=end&group=g" -o out --rejects "$URI/b$N?exactly_once=1"
  status_is 64
  says "exactly_once=1 is said by the output's URI, and holds for the rejects"
  run rules -i "kafka://127.0.0.1:1/a?until=end"
  status_is 69
  says "no Kafka broker answers at '127.0.0.1:1'"
}

@test "properties come from the command line, files and the environment; no message shows a secret" {
  topic "a$N" 1
  payments 5 >in
  kcat -b "$KAFKA" -P -t "a$N" <in
  run ss-rules -X nonsense=1 -i "$URI/a$N?until=end"
  status_is 64
  [ "$output" = 'ss-rules: -X nonsense: No such configuration property: "nonsense"' ]
  run ss-rules -X 'sasl.password=$NOT_SET' -i "$URI/a$N?until=end"
  status_is 64
  says "the environment has no 'NOT_SET'"
  run ss-rules -X group.id=x -i "$URI/a$N?until=end"
  status_is 64
  says "-X group.id: it is said by the URI: group="
  printf 'client.id = from-a-file\n# a comment\nfetch.wait.max.ms=50\n' >client.properties
  rules -X @client.properties -X 'client.rack=$HOME' -i "$URI/a$N?until=end" | same /dev/stdin <(rules in)
  printf 'hush-hush\n' >secret
  run ss-rules -vv -X security.protocol=sasl_plaintext -X sasl.mechanism=PLAIN -X sasl.username=me \
    -X sasl.password=@secret -i "$URI/a$N?until=end"
  status_is 78
  case $output in *hush*) echo "$output"; return 1 ;; esac
}

@test "--stats tells messages, lag and partitions" {
  topic "a$N" 2
  topic "b$N" 1
  payments 100 | rules -o "$URI/a$N?key=user_id"
  rules -i "$URI/a$N?group=g$N&until=count:60" -o "$URI/b$N" --stats=stats
  jq -e '.input.topic == "a'"$N"'" and .input.messages == 60 and .input.partitions == 2 and .input.lag == 40
         and .output.messages == 60 and .output.failed == 0' stats
}

@test "--metrics keeps figures in a file while the command runs: lag by partition, commits, transactions, rejects" {
  topic "a$N" 2
  topic "b$N" 1
  { payments 100; echo bad; } | kcat -b "$KAFKA" -P -t "a$N"
  ss-rules -q -i "$URI/a$N?group=g$N" -o "$URI/b$N?exactly_once=1" --metrics scoring-1.prom & pid=$!
  wait_for grep -q 'what="in"} 101$' scoring-1.prom
  kill -TERM $pid
  wait $pid
  for line in 'ss_records_total{unit="scoring-1",program="ss-rules",what="in"} 101' \
    'ss_records_total{unit="scoring-1",program="ss-rules",what="rejected"} 1' \
    'ss_kafka_read_messages_total{unit="scoring-1",group="g'"$N"'"} 101' \
    'ss_kafka_lag{unit="scoring-1",group="g'"$N"'",topic="a'"$N"'",partition="0"} 0' \
    'ss_kafka_lag{unit="scoring-1",group="g'"$N"'",topic="a'"$N"'",partition="1"} 0' \
    'ss_kafka_written_messages_total{unit="scoring-1",port="output",topic="b'"$N"'"} 100' \
    'ss_kafka_aborted_transactions_total{unit="scoring-1",port="output",topic="b'"$N"'"} 0' \
    'ss_kafka_fences_total{unit="scoring-1",port="output",topic="b'"$N"'"} 0' \
    '# TYPE ss_kafka_lag gauge'; do
    grep -qxF "$line" scoring-1.prom || { echo "no line: $line"; cat scoring-1.prom; return 1; }
  done
  awk '/^# TYPE/ { if ($3 in seen) bad = 1; seen[$3] = 1 } END { exit bad }' scoring-1.prom
  run ss-rules --metrics /no/such/folder/x.prom </dev/null
  status_is 73
}

@test "the examples of ss-kafka(7) run as printed: the topologies from one topic to the next" {
  "$ROOT/scripts/page-examples" "$ROOT/man/ss-kafka.7" | sed "s/b1:9092/$KAFKA/g" >commands
  [ "$(grep -c "$KAFKA" commands)" -ge 10 ]
  bash -e -o pipefail commands >out 2>err </dev/null || { cat commands err; return 1; }
  ss-run -q 'features | score -m fraud.ssm | rules' <(ss-gen -n 2000 --seed 5 | ss-ingest -q) | jq -r .txn_id | sort >want
  read_topic transactions.scored | jq -r .txn_id | sort | same /dev/stdin want
  [ "$(read_topic fraud-alerts | jq -s 'all(.alert.id != null) and length > 0')" = true ]
  [ "$(read_topic dead_letter_queue -f '%h\n' | grep -c '^ss.reason=')" -eq 1 ]
  ss-store -q -i "$URI/transactions.scored?group=again$N&until=end" --only-new fraud.db | same /dev/stdin /dev/null
}

@test "two members share the partitions; when one is killed the other reads on" {
  topic "a$N" 4
  payments 400 >in
  for m in 1 2; do
    ss-rules -v -X session.timeout.ms=2500 -X heartbeat.interval.ms=500 -i "$URI/a$N?group=g$N&commit=50ms" \
      -o "out$m" --stats="stats$m" 2>"err$m" & eval "pid$m=$!"
  done
  wait_for grep -q 'gives [1-4] partition' err1
  wait_for grep -q 'gives [1-4] partition' err2
  for part in 1 2 3 4; do
    sed -n "$((part * 100 - 99)),$((part * 100))p" in | rules -o "$URI/a$N?key=user_id"
    if [ "$part" -eq 2 ]; then
      wait_for bash -c 'cat out1 out2 | wc -l | grep -qx 200'
      kill -9 "$pid1"
      [ -s out1 ] && [ -s out2 ]
    fi
  done
  wait_for bash -c 'cat out1 out2 | sort -u | wc -l | grep -qx 400'
  kill -TERM "$pid2"
  wait "$pid2"
  sort -u out1 out2 | same /dev/stdin <(rules in | sort)
  jq -e '.input.rebalances >= 2 and .input.partitions == 4' stats2 || { cat stats2; return 1; }
}

@test "exactly once: output, rejects and positions are one step, where at least once doubles" {
  topic "a$N" 2
  payments 200 >in
  { head -n 100 in; echo bad; tail -n 100 in; } | kcat -b "$KAFKA" -P -t "a$N"
  # Killed after the output has left and before the positions have: commit=1h never comes.
  for mode in 0 1; do
    topic "b$mode$N" 2
    topic "dead$mode$N" 1
    ss-rules -q -X group.instance.id=m -i "$URI/a$N?group=g$mode$N&commit=1h" -o "$URI/b$mode$N?key=user_id&exactly_once=$mode&commit=1h" \
      --rejects "$URI/dead$mode$N" & pid=$!
    wait_for written "b$mode$N" 200
    kill -9 $pid
    wait $pid || true
    rules -X group.instance.id=m -i "$URI/a$N?group=g$mode$N&until=end" \
      -o "$URI/b$mode$N?key=user_id&exactly_once=$mode" --rejects "$URI/dead$mode$N"
  done
  [ "$(read_topic "b0$N" | wc -l)" -eq 400 ]
  [ "$(read_topic "dead0$N" | wc -l)" -eq 2 ]
  read_topic "b1$N" | sort | same /dev/stdin <(rules in | sort)
  [ "$(read_topic "dead1$N" | wc -l)" -eq 1 ]
}

@test "exactly once: a member killed again and again leaves every record once" {
  topic "a$N" 4
  topic "b$N" 4
  payments 20000 >in
  rules in -o "$URI/a$N?key=user_id"
  # A static member: who comes back under its name need not wait for the dead one's session to end.
  member() {
    exec ss-rules -q -X group.instance.id=m -i "$URI/a$N?group=g$N&until=end" \
      -o "$URI/b$N?key=user_id&exactly_once=1&commit=5ms"
  }
  for delay in 0.4 0.5 0.6 0.7 0.8 0.9; do
    member & pid=$!
    sleep "$delay"
    kill -9 $pid || true
    wait $pid || true
  done
  (member)
  read_topic "b$N" | sort | same /dev/stdin <(rules in | rules | sort)
}

@test "exactly once: a paused member's work is another's by then, and is refused" {
  topic "a$N" 1
  topic "b$N" 1
  payments 300 >in
  quick="-X session.timeout.ms=2500 -X heartbeat.interval.ms=500"
  ss-rules $quick -i "$URI/a$N?group=g$N" -o "$URI/b$N?exactly_once=1&commit=1h" 2>err & pid=$!
  head -n 100 in | rules -o "$URI/a$N"
  wait_for written "b$N" 100
  kill -STOP $pid
  tail -n 200 in | rules -o "$URI/a$N"
  rules $quick -i "$URI/a$N?group=g$N&until=end" -o "$URI/b$N?exactly_once=1"
  kill -CONT $pid
  status=0
  wait $pid || status=$?
  status_is 74
  grep -q "the group has given this member's partitions to others" err
  read_topic "b$N" | same /dev/stdin <(rules in)
}

@test "exactly once: of two processes with one id the later one throws the earlier out" {
  topic "a$N" 1
  topic "b$N" 1
  payments 100 >in
  rules in -o "$URI/a$N"
  ss-rules -i "$URI/a$N?group=g$N" -o "$URI/b$N?exactly_once=1&commit=1h&id=the-one-$N" 2>err & pid=$!
  wait_for written "b$N" 100
  payments 1 | rules -o "$URI/c$N"
  rules -i "$URI/c$N?group=h$N&until=end" -o "$URI/b$N?exactly_once=1&id=the-one-$N"
  kill -TERM $pid
  status=0
  wait $pid || status=$?
  status_is 74
  grep -qi "fenced" err
  [ "$(read_topic "b$N" | wc -l)" -eq 1 ]
}

@test "a guarded broker lets in who has the secret from a file or the environment, and no one else" {
  topic "a$N" 1
  payments 20 >in
  eval "$(broker env)"
  local guarded=kafka://$KAFKA_SECURE secret
  secret=$(cat "$KAFKA_DIR/client.password")
  me=(-X "@$KAFKA_DIR/client.properties")
  rules "${me[@]}" -X "sasl.password=@$KAFKA_DIR/client.password" in -o "$guarded/a$N"
  PASSWORD=$secret ss-rules -q "${me[@]}" -X 'sasl.password=$PASSWORD' -i "$guarded/a$N?until=end" | same /dev/stdin <(rules in | rules)
  echo wrong >wrong
  run rules "${me[@]}" -X sasl.password=@wrong -i "$guarded/a$N?until=end"
  status_is 78
  says "ss-rules: not let in by '$KAFKA_SECURE': "
  says 'invalid credentials with SASL mechanism SCRAM-SHA-512'
  run rules "${me[@]}" -X sasl.password=@wrong in -o "$guarded/a$N"
  status_is 78
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=stranger -keyout key.pem -out ca.pem 2>/dev/null
  run rules "${me[@]}" -X ssl.ca.location=ca.pem -X "sasl.password=@$KAFKA_DIR/client.password" -i "$guarded/a$N?until=end"
  status_is 78
  says 'broker certificate could not be verified'
  run rules "${me[@]}" -X ssl.ca.location=absent.pem -X sasl.password=@wrong -i "$guarded/a$N?until=end"
  status_is 64
  says 'ssl.ca.location failed'
  run rules "${me[@]}" -X "sasl.password=$secret" -i "$guarded/a$N?until=end"
  status_is 64
  says 'ss-rules: -X sasl.password: a secret does not belong on a command line: @FILE or $VARIABLE'
}

@test "a secret is in no argument, message or figure, also when everything is said" {
  topic "a$N" 1
  payments 20 | rules -o "$URI/a$N"
  eval "$(broker env)"
  local secret
  secret=$(cat "$KAFKA_DIR/client.password")
  PASSWORD=$secret ss-rules -vv -X debug=security,conf -X "@$KAFKA_DIR/client.properties" -X 'sasl.password=$PASSWORD' \
    -i "kafka://$KAFKA_SECURE/a$N?group=g$N" -o out --stats=stats 2>err & pid=$!
  wait_for bash -c '[ "$(wc -l <out)" -eq 20 ]'
  tr '\0' '\n' <"/proc/$pid/cmdline" >arguments
  kill -TERM $pid
  wait $pid
  grep -q 'PASSWORD' arguments
  jq -e .input.messages stats
  [ "$(wc -l <err)" -gt 20 ]
  not grep -F -- "$secret" arguments err stats
}

@test "a broker that is killed and comes back is waited for, for longer than a session" {
  topic "a$N" 2
  topic "b$N" 2
  payments 2000 >in
  ss-rules -v -X session.timeout.ms=1500 -X heartbeat.interval.ms=300 -i "$URI/a$N?group=g$N" -o "$URI/b$N?key=user_id&exactly_once=1" 2>err & pid=$!
  head -n 1000 in | rules -o "$URI/a$N?key=user_id"
  wait_for count_is "b$N" 1000
  broker kill 1
  wait_for grep -q 'has taken 2 partitions' err
  broker restart 1
  tail -n 1000 in | rules -o "$URI/a$N?key=user_id"
  wait_for count_is "b$N" 2000 || { cat err; return 1; }
  kill -TERM $pid
  wait $pid
  read_topic "b$N" | sort | same /dev/stdin <(rules in | rules | sort)
}
