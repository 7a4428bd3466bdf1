#!/usr/bin/env bats
# Rights at brokers that ask for them: which one is missing is said, at once, at the start and later. On a real Apache
# Kafka with its own authorizer, started once for this file. Skipped where Java or Maven is away.
bats_require_minimum_version 1.5.0
load helper
load broker
eval "$(declare -f setup | sed '1s/setup/fresh_folder/')"

setup_file() { start_broker --sasl --acl; }
teardown_file() { stop_broker; }
setup() {
  fresh_folder
  [ -z "$WHY_NOT" ] || skip "$WHY_NOT"
  N=$BATS_TEST_NUMBER
  URI=kafka://$KAFKA
  eval "$(broker env)"
  GUARDED=kafka://$KAFKA_SECURE
  me=(-X "@$KAFKA_DIR/client.properties" -X "sasl.password=@$KAFKA_DIR/client.password")
  topic "a$N" 1
  ss-gen -n 100 --seed 7 | ss-ingest -q >in
  ss-rules -q in -o "$URI/a$N"
}
# Runs ss-rules as the user whose rights are counted, from a$N on; it must end because of this right.
wants() {
  local right=$1
  shift
  run timeout 60 "${COMMAND:-ss-rules}" -q "${me[@]}" "$@"
  status_is 78
  says "a right is missing at '$KAFKA_SECURE': $right"
}

@test "reading wants Read on the topic, and on the group where there is one" {
  wants "Read on topic 'a$N'" -i "$GUARDED/a$N?until=end"
  wants "Read on topic 'a$N'" -i "$GUARDED/a$N?group=g$N&until=end"
  broker allow describe topic "a$N"
  wants "Read on topic 'a$N'" -i "$GUARDED/a$N?until=end"
  broker allow read topic "a$N"
  ss-rules -q "${me[@]}" -i "$GUARDED/a$N?until=end" | same /dev/stdin <(ss-rules -q in | ss-rules -q)
  wants "Read on group 'g$N'" -i "$GUARDED/a$N?group=g$N&until=end"
  COMMAND=ss-features wants "Read on group 'g$N'" -i "$GUARDED/a$N?group=g$N&until=end" --state st
  broker allow read group "g$N"
  ss-rules -q "${me[@]}" -i "$GUARDED/a$N?group=g$N&until=end" | same /dev/stdin <(ss-rules -q in | ss-rules -q)
}

@test "writing wants Write on outputs and rejects, and on the transactional id" {
  topic "b$N" 1
  topic "dead$N" 1
  broker allow read topic "a$N"
  broker allow read group "g$N"
  once=(-i "$GUARDED/a$N?group=g$N&until=end" -o "$GUARDED/b$N?exactly_once=1")
  wants "Write on topic 'b$N'" in -o "$GUARDED/b$N"
  wants "Write on topic 'b$N'" "${once[@]}"
  broker allow describe topic "b$N"
  wants "Write on the output's topic" in -o "$GUARDED/b$N"
  wants "Write on transactional id 'ss.b$N." "${once[@]}"
  broker allow write transactional-id 'ss.*'
  wants "Write on the topics of output and rejects" "${once[@]}"
  broker allow write topic "b$N"
  wants "Write on transactional id 'other'" -i "$GUARDED/a$N?group=g$N&until=end" -o "$GUARDED/b$N?exactly_once=1&id=other"
  wants "Write on topic 'dead$N'" "${once[@]}" --rejects "$GUARDED/dead$N"
  broker allow describe topic "dead$N"
  { echo bad && cat in; } >worse
  wants "Write on topic 'dead$N'" worse -o "$GUARDED/b$N" --rejects "$GUARDED/dead$N"
  broker allow write topic "dead$N"
  kcat -b "$KAFKA" -P -t "a$N" <worse
  ss-rules -q "${me[@]}" "${once[@]}" --rejects "$GUARDED/dead$N"
  [ "$(read_topic "dead$N" | wc -l)" -eq 1 ]
}

@test "what a topic takes is asked, and where that is no right of ours, one that is too long ends the command" {
  topic "b$N" 1 max.message.bytes=3000
  broker allow read topic "a$N"
  broker allow read group "g$N"
  broker allow write topic "b$N"
  broker allow write transactional-id 'ss.*'
  jq -c '. + {note: ([range(900) | tostring] | join("-"))}' in | head -n 1 | kcat -b "$KAFKA" -P -t "a$N"
  from=(-q "${me[@]}" -i "$GUARDED/a$N?group=g$N&until=end")
  for once in 0 1; do
    run timeout 50 ss-rules "${from[@]}" -o "$GUARDED/b$N?exactly_once=$once" --rejects rejects
    status_is 74
    says 'Message size too large; -X message.max.bytes= should be no more than'
  done
  broker allow describe-configs topic "b$N"
  ss-rules "${from[@]}" -o "$GUARDED/b$N?exactly_once=1" --rejects rejects
  jq -c '[.offset, .reason]' rejects | same /dev/stdin <(echo "[100,\"longer than the topic's max.message.bytes\"]")
  read_topic "b$N" | sort -u | same /dev/stdin <(ss-rules -q in | ss-rules -q | sort)
}

@test "a right that is taken away from a running member ends it" {
  broker allow read topic "a$N"
  broker allow write transactional-id 'ss.*'
  for once in 0 1; do
    for kind in group topic; do
      i=$once$kind$N
      topic "b$i" 1
      broker allow read group "g$i"
      broker allow write topic "b$i"
      timeout 60 ss-rules -v "${me[@]}" -i "$GUARDED/a$N?group=g$i&commit=50ms" -o "$GUARDED/b$i?exactly_once=$once" 2>err & pid=$!
      wait_for grep -q 'gives 1 partition' err
      wait_for written "b$i" 100
      if [ $kind = group ]; then broker deny read group "g$i"; else broker deny write topic "b$i"; fi
      ss-rules -q in -o "$URI/a$N"
      status=0
      wait $pid || status=$?
      status_is 78
      grep -q "a right is missing at '$KAFKA_SECURE': " err
    done
  done
}
