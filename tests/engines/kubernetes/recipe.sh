# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For the test of the Kubernetes manifests: kustomize, kubeconform, and the schemas of the Prometheus Operator's resources.
GOBIN="$1" CGO_ENABLED=0 go install -trimpath -ldflags='-s -w' sigs.k8s.io/kustomize/kustomize/v5@v5.8.1
GOBIN="$1" CGO_ENABLED=0 go install -trimpath -ldflags='-s -w' github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0
source=$(cd "$1" && go mod download -json github.com/prometheus-operator/prometheus-operator@v0.85.0 |
	sed -n 's/^\t"Dir": "\(.*\)",*$/\1/p')
mkdir "$1/crds"
cp "$source"/example/prometheus-operator-crd/*.yaml "$1/crds/"
