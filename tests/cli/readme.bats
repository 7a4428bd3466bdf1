#!/usr/bin/env bats
load helper

# A tour that broke off may have left its server behind.
setup() { pkill -f 'ss-serve -l 127.0.0.1:8642' || :; }
teardown() { pkill -f 'ss-serve -l 127.0.0.1:8642' || :; }

@test "the README's tour prints what it says" {
  BUILD=${BUILD:-build} "$ROOT/scripts/tour"
}
