# A broker for a whole bats file, and what tests ask of it.
# Its arguments: how, as scripts/kafka start has it.
start_broker() {
  local root
  root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
  export KAFKA_DIR=$BATS_FILE_TMPDIR/kafka KAFKA= WHY_NOT=
  command -v kcat >/dev/null || WHY_NOT='kcat is not installed'
  KAFKA=$("$root/scripts/kafka" start "$@" --dir "$KAFKA_DIR" 2>"$BATS_FILE_TMPDIR/why") ||
    WHY_NOT="no broker: $(tail -n 1 "$BATS_FILE_TMPDIR/why")"
}
stop_broker() { "$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/scripts/kafka" wipe --dir "$KAFKA_DIR"; }
broker() { "$ROOT/scripts/kafka" "$@" --dir "$KAFKA_DIR"; }
topic() { broker topic "$@"; }
# All that readers of committed messages see of a topic.
read_topic() { consume -t "$1" -X isolation.level=read_committed "${@:2}" 2>/dev/null; }
# To the end of it, which is told at once and not after half a second; whatever has been written.
consume() { kcat -b "$KAFKA" -C -e -q -X fetch.wait.max.ms=20 "$@"; }
# Whether a topic holds so many messages, committed or not.
written() { [ "$(consume -t "$1" -X isolation.level=read_uncommitted | wc -l)" -ge "$2" ]; }
# Waits for a command to succeed; a minute at most.
wait_for() {
  local until=$((SECONDS + 60))
  while [ $SECONDS -lt $until ]; do
    "$@" && return
    sleep 0.05
  done
  echo "waited in vain for: $*"
  return 1
}
