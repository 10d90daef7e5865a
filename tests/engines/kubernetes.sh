#!/bin/sh
# Gets what the test of the Kubernetes manifests needs from Go modules: kustomize, built, and the schemas of the Prometheus
# Operator's resources. Prints the folder that has them as kustomize and crds/. Kept where build.sh keeps the engines.
# Exit 77: there is no go.
set -eu
kustomize=v5.8.1
operator=v0.85.0

command -v go >/dev/null || {
	echo "engines: go is not installed" >&2
	exit 77
}
folder=${MINISHOP_ENGINES:-${XDG_CACHE_HOME:-$HOME/.cache}/minishop-engines}/kubernetes-$kustomize-$operator
if [ ! -e "$folder" ]; then
	mkdir -p "$(dirname "$folder")"
	part=$(mktemp -d "$folder.XXXXXX")
	trap 'rm -rf "$part"' EXIT
	trap 'exit 1' HUP INT TERM
	GOBIN=$part go install "sigs.k8s.io/kustomize/kustomize/v5@$kustomize"
	source=$(cd "$part" && go mod download -json "github.com/prometheus-operator/prometheus-operator@$operator" |
		sed -n 's/^\t"Dir": "\(.*\)",*$/\1/p')
	mkdir "$part/crds"
	cp "$source"/example/prometheus-operator-crd/*.yaml "$part/crds/"
	chmod 755 "$part"
	# Whoever was quicker has made the same.
	mv -T "$part" "$folder" 2>/dev/null || [ -e "$folder" ]
fi
echo "$folder"
