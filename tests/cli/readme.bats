#!/usr/bin/env bats
load helper

@test "the README's tour prints what it says" {
  BUILD=${BUILD:-build} "$ROOT/scripts/tour"
}
