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

@test "what has commands of its own completes them, what they do, and their options" {
  "$ROOT/scripts/completion" "$(command -v ss-ctl)" >file
  completes() { bash -c 'source ./file; compopt() { :; }; COMP_WORDS=('"$1"') COMP_CWORD='"$2"'; _ss_ctl; echo "${COMPREPLY[*]}"'; }
  [ "$(completes 'ss-ctl ali' 1)" = '' ]
  [ "$(completes 'ss-ctl a' 1)" = 'alert audit api' ]
  [ "$(completes 'ss-ctl list ex' 2)" = export ]
  [ "$(completes 'ss-ctl list --kin' 2)" = '--kind=' ]
  [ "$(completes 'ss-ctl prune --kin' 2)" = '' ]
  touch block.csv
  [ "$(completes 'ss-ctl list add bl' 3)" = block.csv ]
  [ "$(completes 'ss-ctl --vers' 1)" = --version ]
  # Every command that --help names is offered, and has options.
  for c in $(ss-ctl --help | sed -nE 's/^  ([a-z]+)  +[a-z].*/\1/p'); do
    [ "$(completes "ss-ctl $c" 1)" = "$c" ]
    [ "$(completes "ss-ctl $c --usa" 2)" = --usage ]
  done
}
