#!/usr/bin/env bats
# The units for systemd: they say what systemd understands, expose little, and their command lines work.
bats_require_minimum_version 1.5.0
load helper

units() {
  "$ROOT/scripts/systemd/install" "$T/units" "$ROOT/${BUILD:-build}/bin"
}

@test "systemd finds nothing wrong with the units" {
  command -v systemd-analyze >/dev/null || skip "no systemd-analyze (package systemd)"
  units
  systemd-analyze verify --man=no "$T"/units/*.service >said 2>&1 || { cat said; return 1; }
  same said /dev/null
}

@test "the units' exposure stays low" {
  command -v systemd-analyze >/dev/null || skip "no systemd-analyze (package systemd)"
  units
  for unit in "$T"/units/*.service; do
    systemd-analyze security --offline=true --threshold=15 "$unit" >said 2>&1 || { tail -n 1 said; return 1; }
  done
  # and the threshold can be missed
  printf '[Service]\nExecStart=/bin/true\n' >open.service
  run systemd-analyze security --offline=true --threshold=15 "$T/open.service"
  [ "$status" -ne 0 ]
}

@test "a unit's command line works, says when it is ready and when it stops" {
  units
  mkdir -p run/sentinel-stream/scoring credentials
  echo none >credentials/kafka.password
  ss-gen -n 50 --seed 3 | ss-ingest -q >in
  command=$(sed -n 's/^ExecStart=//p' "$T/units/ss-filter@.service" |
    sed "s|%d|$T/credentials|g; s|%t|$T/run|g; s|%i|scoring|g; s|\${\([A-Z]*\)}|\"\$\1\"|g")
  INPUT=$T/in OUTPUT=$T/out REJECTS=$T/rejects OPTIONS=-q PIPELINE='features | rules -r default' \
    python3 - "$command" >said <<'P'
import os, socket, subprocess, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("notify")
s.settimeout(20)
child = subprocess.Popen(["bash", "-c", "exec " + sys.argv[1]], env=dict(os.environ, NOTIFY_SOCKET=os.path.abspath("notify")))
status = child.wait()
for _ in range(2):
    print(s.recv(1000).decode().splitlines()[0])
sys.exit(status)
P
  same said <(printf 'READY=1\nSTOPPING=1\n')
  ss-run -q 'features | rules -r default' in | same /dev/stdin out
  grep -qx 'ss_records_total{unit="scoring",program="ss-run",what="out"} 50' run/sentinel-stream/scoring/scoring.prom
}
