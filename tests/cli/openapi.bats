#!/usr/bin/env bats
# The API's description: whole in itself, and what a server answers. (Who may do what is tried in web_matrix.c.)
load helper
load server

@test "the description holds together" {
  serve
  curl -s "$url/api/v1/openapi.json" >doc
  [ "$(jq -r .openapi doc)" = 3.1.0 ]
  # Each reference leads somewhere.
  jq -r '. as $d | [.. | objects | select(has("$ref")) | .["$ref"]] | unique[] | . as $r | (ltrimstr("#/") | split("/")) as $p
         | select(($d | getpath($p)) == null) | "nothing at " + $r' doc >faults
  # Each operation has a name of its own, says who may, and what comes back.
  jq -r '[.paths[][] | objects | .operationId] | group_by(.) | map(select(length > 1))[] | "twice: " + (.[0] // "no name")' doc >>faults
  jq -r '.paths | to_entries[] | .key as $p | .value | to_entries[] | select(.key != "parameters") | (.key + " " + $p) as $o | .value
         | if (.operationId // "") == "" then $o + " has no name" else empty end,
           if (.summary // "") == "" then $o + " has no summary" else empty end,
           if (.["x-roles"] // []) == [] then $o + " says not who may" else empty end,
           (.responses | to_entries[] | select(.key | startswith("2")) | select(.key != "204" and (.value | has("$ref") | not))
            | select([.value.content // {} | .[] | has("schema")] | (length == 0 or (all | not))) | $o + " " + .key + " has no schema")' doc >>faults
  # Each parameter of a path is described.
  jq -r '. as $d | .paths | to_entries[] | .key as $p | (.value.parameters // []) as $common | .value | to_entries[] | select(.key != "parameters")
         | .key as $m | [($common + (.value.parameters // []))[]
           | if has("$ref") then (.["$ref"] | ltrimstr("#/") | split("/")) as $q | $d | getpath($q) else . end | select(.in == "path") | .name] as $said
         | [$p | scan("\\{([a-z_]+)\\}") | .[0]] - $said | .[] | $m + " " + $p + ": says nothing of " + .' doc >>faults
  cat faults
  [ ! -s faults ]
}

@test "every GET of the description answers its own kind, and nobody gets in unasked" {
  serve --pipeline 'features | rules'
  get_key
  ask /payments -d "$(payment a)"
  code_is 201
  curl -s "$url/api/v1/openapi.json" | jq -r '.paths | to_entries[] | select(.value.get and (.value.get.tags != ["Live"])) | .key
    + " " + (.value.get["x-roles"] | join(","))' | grep -v /oidc/ >gets
  [ "$(wc -l <gets)" -gt 60 ]
  while read -r path roles; do
    path=$(sed 's/{txn_id}/a/; s/{user_id}/u1/; s/{kind}/card/; s/{[a-z_]*}/1/g' <<<"$path")
    code=$(curl -s --max-time 20 -o body -w '%{http_code}' -H "Authorization: Bearer $admin" "$url$path")
    case $code in 200 | 404 | 422) ;; *) echo "$path: $code $(head -c 300 body)"; bad=1 ;; esac
    [ "$roles" = anyone ] || {
      code=$(curl -s --max-time 20 -o body -w '%{http_code}' "$url$path")
      [ "$code" = 401 ] || { echo "$path: $code to a stranger"; bad=1; }
    }
  done <gets
  [ -z "${bad:-}" ]
}

@test "every endpoint that ss-api(7) names is in the description" {
  serve
  curl -s "$url/api/v1/openapi.json" >doc
  jq -r '.paths | keys[]' doc | sort -u >described
  grep -oE '(/api/v1/|/ws|/health|/metrics)[a-z0-9_/{}.-]*' "$ROOT/man/ss-api.7" | sort -u >named
  [ "$(wc -l <named)" -gt 30 ]
  comm -23 named described >unknown
  jq -r '.paths | to_entries[] | .key as $p | .value | keys[] | ascii_upcase + " " + $p' doc | sort -u >described
  grep -oE '(GET|POST|PUT|PATCH|DELETE) /api/v1/[a-z0-9_/{}.-]*' "$ROOT/man/ss-api.7" | sort -u | comm -23 - described >>unknown
  cat unknown
  [ ! -s unknown ]
}
