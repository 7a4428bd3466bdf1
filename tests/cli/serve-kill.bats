#!/usr/bin/env bats
# kill -9 of the server and of ss-store while payments come in both ways. KILLS=200 for longer.
load helper

@test "killed at any moment, server and store lose and double no acknowledged payment, change or feature" {
  run "$ROOT/tests/fault/serve-kill" --kills "${KILLS:-10}" --seed "${SEED:-1}"
  echo "$output"
  status_is 0
  says ' kills '
  [ -z "${KILLS:-}" ] || echo "# $output" >&3
}
