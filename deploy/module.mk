# SPDX-License-Identifier: MIT
# Manifests for Kubernetes; tests/observability/kubernetes_test.py checks them.
EXTRA_DIST += \
	deploy/kubernetes/generate.py \
	deploy/kubernetes/base/autoscaler.yaml \
	deploy/kubernetes/base/deployment.yaml \
	deploy/kubernetes/base/disruption-budget.yaml \
	deploy/kubernetes/base/kustomization.yaml \
	deploy/kubernetes/base/minishop.conf \
	deploy/kubernetes/base/namespace.yaml \
	deploy/kubernetes/base/network-policy.yaml \
	deploy/kubernetes/base/prometheus-rule.yaml \
	deploy/kubernetes/base/service-monitor.yaml \
	deploy/kubernetes/base/service.yaml \
	deploy/kubernetes/overlays/clusters/collector/clusters.yaml \
	deploy/kubernetes/overlays/clusters/collector/config.yaml \
	deploy/kubernetes/overlays/clusters/collector/logs.yaml \
	deploy/kubernetes/overlays/clusters/collector/traces.yaml \
	deploy/kubernetes/overlays/clusters/deployment.yaml \
	deploy/kubernetes/overlays/clusters/kustomization.yaml \
	deploy/kubernetes/overlays/clusters/network-policy.yaml \
	deploy/kubernetes/overlays/clusters/pod-monitor.yaml \
	deploy/kubernetes/overlays/clusters/prometheus-access.yaml \
	deploy/kubernetes/overlays/clusters/prometheus.yaml \
	deploy/kubernetes/overlays/gateways/collector/agent.yaml \
	deploy/kubernetes/overlays/gateways/collector/gateway.yaml \
	deploy/kubernetes/overlays/gateways/deployment.yaml \
	deploy/kubernetes/overlays/gateways/gateway.yaml \
	deploy/kubernetes/overlays/gateways/kustomization.yaml \
	deploy/kubernetes/overlays/gateways/network-policy.yaml \
	deploy/kubernetes/overlays/thanos/kustomization.yaml \
	deploy/kubernetes/overlays/thanos/network-policy.yaml \
	deploy/kubernetes/overlays/thanos/prometheus.yaml
