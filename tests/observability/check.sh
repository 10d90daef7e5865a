#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks the files below observability/ without starting a server. Prints one line for each check, and the failures again at the
# end. Exit status: 1 after a failure; 77 (skipped) if a tool is missing, with its name.
# Other versions of the tools: PROMTOOL=... AMTOOL=... tests/observability/check.sh
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
obs=$top/observability
PROMTOOL=${PROMTOOL:-promtool}
AMTOOL=${AMTOOL:-amtool}

for tool in "$PROMTOOL" "$AMTOOL" yamllint python3; do
  command -v "$tool" >/dev/null || { echo "SKIP observability: $tool is missing"; exit 77; }
done
python3 -c 'import yaml' 2>/dev/null || { echo "SKIP observability: python3-yaml is missing"; exit 77; }

work=$(mktemp -d "${TMPDIR:-/tmp}/minishop-check.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
failed=""

# check NAME COMMAND...: the command's output is shown only when it fails.
check() {
  name=$1
  shift
  if "$@" >"$work/output" 2>&1; then
    echo "ok   $name"
  else
    echo "FAIL $name"
    sed 's/^/       /' "$work/output"
    failed="$failed
  $name"
  fi
}

# Checks the configuration with its rules and its targets beside it. promtool only warns of a missing or bad target file.
config_complete() {
  run=$work/prometheus-$1
  mkdir -p "$run" && ln -s "$obs/prometheus/prometheus.yml" "$obs/prometheus/rules" "$run/" &&
    ln -s "$obs/prometheus/targets/$1" "$run/targets" || return 1
  output=$("$PROMTOOL" check config "$run/prometheus.yml" 2>&1)
  status=$?
  echo "$output"
  case $output in *WARNING*) return 1 ;; esac
  return $status
}

# route EXPECTED LABELS...: an alert with these labels goes to Slack, by a route that amtool shows with EXPECTED.
route() {
  expected=$1
  shift
  tree=$("$AMTOOL" config routes test --tree --verify.receivers=slack --config.file="$obs/alertmanager/alertmanager.yml" "$@") || {
    echo "$tree"
    return 1
  }
  echo "$tree"
  case $tree in *"$expected"*) return 0 ;; esac
  return 1
}

message() {
  "$AMTOOL" template render --template.glob="$obs/alertmanager/templates/*.tmpl" --template.data="$1" \
    --template.text="$(cat "$here/data/slack/message.tmpl")" >"$work/message" || return 1
  diff -u "${1%.json}.txt" "$work/message"
}

check "yamllint" yamllint --strict -c "$top/.yamllint" "$obs" "$here"
check "promtool check config, targets on this machine" config_complete native
check "promtool check config, targets in containers" config_complete containers
check "promtool check rules" "$PROMTOOL" check rules --lint=all --lint-fatal "$obs/prometheus/rules/recording.yml" "$obs/prometheus/rules/alerts.yml"
for file in "$obs"/prometheus/tests/*.yml; do
  check "promtool test rules $(basename "$file")" "$PROMTOOL" test rules "$file"
done
check "every alert is complete, tested and in the runbook" python3 "$here/alerts_complete.py" "$obs"

check "limits and durations are the same everywhere" python3 "$here/numbers_test.py"

check "the Kubernetes manifests repeat what is here" python3 "$top/deploy/kubernetes/generate.py" --check

check "amtool check-config" "$AMTOOL" check-config "$obs/alertmanager/alertmanager.yml"
check "route of MiniShopHighErrorRate" route 'default-route' alertname=MiniShopHighErrorRate service=minishop severity=critical
check "route of MiniShopDown" route 'default-route' alertname=MiniShopDown service=minishop severity=critical
check "route of MiniShopHighLatency" route 'default-route' alertname=MiniShopHighLatency service=minishop severity=warning
check "route of MiniShopTelemetryDropped" route '{alertname="MiniShopTelemetryDropped"}' alertname=MiniShopTelemetryDropped service=minishop severity=warning
for burn in Fast Medium Slow; do
  check "route of MiniShopBudgetBurn$burn" route '{alertname=~"MiniShopBudgetBurn.*"}' alertname=MiniShopBudgetBurn$burn service=minishop severity=critical slo=errors
done
check "route of SlackDeliveryFailing" route '{alertname="SlackDeliveryFailing"}' alertname=SlackDeliveryFailing service=alertmanager severity=critical
check "route of an unknown alert" route 'default-route' alertname=SomebodysOwn
for file in "$here"/data/slack/*.json; do
  check "Slack message $(basename "$file" .json)" message "$file"
done

if [ -n "$failed" ]; then
  echo "observability: these failed:$failed"
  exit 1
fi
echo "observability: all checks passed"
