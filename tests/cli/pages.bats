#!/usr/bin/env bats
# The manual pages are the contract: their examples run as printed, and they name every option.
load helper

@test "every page's examples run as printed" {
  for page in "$ROOT"/man/*.[157]; do
    [ "$(basename "$page")" != ss-kafka.7 ] || continue # kafka.bats has the brokers for those
    mkdir -p "$T/$(basename "$page")"
    cd "$T/$(basename "$page")" || return 1
    "$ROOT/scripts/page-examples" "$page" >commands
    bash -e -o pipefail commands >out 2>err </dev/null || {
      echo "$(basename "$page"): status $? from these commands:"
      cat commands
      echo "--- standard error:"
      tail -n 20 err
      return 1
    }
  done
}

@test "every command's page has examples" {
  for command in "$ROOT"/cmd/ss-*; do
    [ "$("$ROOT/scripts/page-examples" "$ROOT/man/$(basename "$command").1" | wc -l)" -gt 0 ] ||
      { echo "$(basename "$command").1 has none"; return 1; }
  done
}

@test "every option of --help stands in the command's page, shared ones in ss(7)" {
  for command in "$ROOT"/cmd/ss-*; do
    name=$(basename "$command")
    for option in $("$name" --help | grep -oE '^ +(-[A-Za-z], | +)--[a-z][a-z0-9-]*' | grep -oE -- '--[a-z0-9-]+'); do
      case $option in --help | --usage | --version) continue ;; esac
      sed 's/\\-/-/g' "$ROOT/man/$name.1" "$ROOT/man/ss.7" | grep -qE "Fl (-?${option#--}|Fl ${option#--})\b|${option}\b" ||
        { echo "$name: $option is in no page"; return 1; }
    done
  done
}

@test "ss(7) and the README name every command" {
  for command in "$ROOT"/cmd/ss-*; do
    name=$(basename "$command")
    grep -q "$name" "$ROOT/man/ss.7" || { echo "ss.7 does not name $name"; return 1; }
    grep -q "$name" "$ROOT/README.md" || { echo "README.md does not name $name"; return 1; }
  done
}
