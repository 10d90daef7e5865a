# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# A Kubernetes control plane for the test of the manifests. Kubernetes' own module replaces its parts by folders that the module does
# not hold; go.mod here names their releases instead. kwok's module needs no replacement.
compile "$2" "$1/etcd" go.etcd.io/etcd/server/v3
for program in kube-apiserver kube-controller-manager kube-scheduler kubectl; do
	compile "$2" "$1/$program" "k8s.io/kubernetes/cmd/$program"
done
GOBIN="$1" CGO_ENABLED=0 go install -trimpath -ldflags='-s -w' sigs.k8s.io/kwok/cmd/kwok@v0.7.0
