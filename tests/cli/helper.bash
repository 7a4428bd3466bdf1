# Every bats file begins with `load helper`: the commands on the PATH, a fresh folder in $T, and a few assertions.
ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
PATH="$ROOT/${BUILD:-build}/bin:$PATH"
DATA="$ROOT/testdata"
export LC_ALL=C TZ=UTC

setup() {
  T=$(mktemp -d)
  cd "$T" || exit 1
}

teardown() {
  cd / && rm -rf "$T"
}

# `run` keeps status and output; these say what was wrong with them.
status_is() {
  [ "$status" -eq "$1" ] || { echo "status $status, not $1: $output"; return 1; }
}
says() {
  case $output in *"$1"*) ;; *) echo "'$1' is not in: $output"; return 1 ;; esac
}
# Two files hold the same bytes.
same() {
  cmp -- "$1" "$2" || { diff <(head -c 4000 "$1") <(head -c 4000 "$2") | head -5; return 1; }
}
# `! command` cannot fail a test unless it is its last line; this can.
not() {
  ! "$@"
}
