#!/bin/sh
# Images for the compose test where no registry can be reached: the same names, paths and users as the real ones, made
# from Debian and from the engines that tests/engines/build.sh builds. Needs docker, debootstrap and root.
#
#   tests/containers/images.sh FOLDER_OF_ENGINES
#
# Grafana, Tempo and Promtail have no package to make them from: what stands there only listens where they would.
set -eu
engines=$1
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../.env"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

have() { docker image inspect "$1" >/dev/null 2>&1; }

# The base of all: what debian:12-slim is to those who can pull it. apt finds its packages as it does on this machine.
if ! have "$DEBIAN_IMAGE"; then
	echo "images: a base of Debian 12" >&2
	debootstrap --variant=minbase bookworm "$work/root" >"$work/debootstrap.log" || {
		tail "$work/debootstrap.log" >&2
		exit 1
	}
	cp -a /etc/apt/apt.conf.d/. "$work/root/etc/apt/apt.conf.d/"
	cp -a /etc/apt/sources.list* "$work/root/etc/apt/"
	tar -C "$work/root" -c . | docker import - "$DEBIAN_IMAGE" >/dev/null
fi

# image NAME <DOCKERFILE: built in the folder that holds the engines.
image() {
	have "$1" || {
		echo "images: $1" >&2
		docker build -q -t "$1" -f - "$work/context" >/dev/null
	}
}

mkdir "$work/context"
for binary in prometheus promtool loki otelcol jaeger; do cp -L "$engines/$binary" "$work/context/"; done
cp "$(command -v prometheus-alertmanager)" "$work/context/alertmanager"
cp "$(command -v amtool)" "$work/context/amtool"
cp "$here/listen.pl" "$work/context/"

image "prom/prometheus:$PROMETHEUS_VERSION" <<END
FROM $DEBIAN_IMAGE
COPY prometheus promtool /bin/
RUN install -d -o 65534 -g 65534 /prometheus
WORKDIR /prometheus
USER nobody
ENTRYPOINT ["/bin/prometheus"]
END
image "prom/alertmanager:$ALERTMANAGER_VERSION" <<END
FROM $DEBIAN_IMAGE
COPY alertmanager amtool /bin/
RUN install -d -o 65534 -g 65534 /alertmanager
WORKDIR /alertmanager
USER nobody
ENTRYPOINT ["/bin/alertmanager"]
END
image "grafana/loki:$LOKI_VERSION" <<END
FROM $DEBIAN_IMAGE
COPY loki /usr/bin/
RUN install -d -o 10001 -g 10001 /loki
USER 10001
ENTRYPOINT ["/usr/bin/loki"]
END
image "otel/opentelemetry-collector-contrib:$OTELCOL_VERSION" <<END
FROM $DEBIAN_IMAGE
COPY otelcol /otelcol-contrib
USER 10001
ENTRYPOINT ["/otelcol-contrib"]
END
image "jaegertracing/jaeger:$JAEGER_VERSION" <<END
FROM $DEBIAN_IMAGE
COPY jaeger /cmd/jaeger/jaeger-linux
USER 10001
ENTRYPOINT ["/cmd/jaeger/jaeger-linux"]
END
# The path and ports of what only listens.
stand_in() {
	image "$1" <<END
FROM $DEBIAN_IMAGE
COPY listen.pl /
ENTRYPOINT ["perl", "/listen.pl", $2]
END
}
stand_in "grafana/grafana:$GRAFANA_VERSION" '"3000"'
stand_in "grafana/tempo:$TEMPO_VERSION" '"3200", "4317", "4318"'
stand_in "grafana/promtail:$PROMTAIL_VERSION" '"9080"'
