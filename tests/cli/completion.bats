#!/usr/bin/env bats
# Bash completes the options that --help names.
load helper

@test "each command's completion offers its own and the shared options" {
  for path in "$ROOT"/cmd/ss-*; do
    c=$(basename "$path")
    case $c in ss-ctl | ss-serve) continue ;; esac # no filters: they have options of their own
    "$ROOT/scripts/completion" "$(command -v "$c")" >file
    for prefix in --stat --rej --max-rec; do
      bash -c 'source ./file; compopt() { :; }; COMP_WORDS=('"$c $prefix"') COMP_CWORD=1; _'"${c//-/_}"'; echo "${COMPREPLY[*]}"' >out
      grep -q -e "$prefix" out || { echo "$c $prefix: $(cat out)"; return 1; }
    done
  done
  bash -c 'source ./file; complete -p' | grep -q "$c"
}

@test "a word that is no option is a file" {
  touch payments.csv
  "$ROOT/scripts/completion" "$(command -v ss-run)" >file
  run bash -c 'source ./file; compopt() { :; }; COMP_WORDS=(ss-run pay) COMP_CWORD=1; _ss_run; echo "${COMPREPLY[*]}"'
  [ "$output" = payments.csv ]
}
