#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes images for the compose test on a machine that reaches no registry. They have the names, paths and users of the real
# images, and consist of Debian and the engines that tests/engines/build.sh builds. Needs docker, debootstrap and root.
#
#   tests/containers/images.sh FOLDER_OF_ENGINES >FILE
#
# All have the tag "stand-in", so that a `docker-compose up -d` never uses them. Prints the variables that select them, as lines for
# compose's --env-file or a shell. Loki, Tempo, Promtail and Alloy are copied from this machine if it has them. Otherwise, and for
# Grafana, the image only listens on the real one's ports.
set -eu
engines=$1
here=$(cd "$(dirname "$0")" && pwd)
tag=stand-in

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# The base of all images: debian:12-slim if docker has it, else one by debootstrap with the package sources of this machine.
base=debian:12-slim
if ! docker image inspect $base >/dev/null 2>&1; then
	base=minishop-lab-debian:$tag
	if ! docker image inspect $base >/dev/null 2>&1; then
		echo "images: a base of Debian 12, by debootstrap" >&2
		debootstrap --variant=minbase bookworm "$work/root" >"$work/debootstrap.log" || {
			tail "$work/debootstrap.log" >&2
			exit 1
		}
		cp -a /etc/apt/apt.conf.d/. "$work/root/etc/apt/apt.conf.d/"
		rm -f "$work/root/etc/apt/sources.list"
		cp -a /etc/apt/sources.list* "$work/root/etc/apt/"
		tar -C "$work/root" -c . | docker import - $base >/dev/null
		rm -rf "$work/root"
	fi
fi

# image NAME PROGRAM...: builds the Dockerfile on standard input, after a FROM line. It may COPY the programs.
image() {
	name=$1
	shift
	mkdir "$work/context"
	for program; do cp -L "$program" "$work/context/"; done
	{
		echo "FROM $base"
		cat
	} >"$work/context/Dockerfile"
	docker build -q -t "$name:$tag" "$work/context" >"$work/build.log" 2>&1 || {
		cat "$work/build.log" >&2
		exit 1
	}
	rm -rf "$work/context"
	echo "images: $name" >&2
}

image prom/prometheus "$engines/prometheus" "$engines/promtool" <<'END'
COPY prometheus promtool /bin/
RUN install -d -o 65534 -g 65534 /prometheus
WORKDIR /prometheus
USER nobody
ENTRYPOINT ["/bin/prometheus"]
END
image prom/alertmanager "$engines/alertmanager" "$engines/amtool" <<'END'
COPY alertmanager amtool /bin/
RUN install -d -o 65534 -g 65534 /alertmanager
WORKDIR /alertmanager
USER nobody
ENTRYPOINT ["/bin/alertmanager"]
END
image otel/opentelemetry-collector-contrib "$engines/otelcol" <<'END'
COPY otelcol /otelcol-contrib
USER 10001
ENTRYPOINT ["/otelcol-contrib"]
END
image jaegertracing/jaeger "$engines/jaeger" <<'END'
COPY jaeger /cmd/jaeger/jaeger-linux
USER 10001
ENTRYPOINT ["/cmd/jaeger/jaeger-linux"]
END

# installed NAME PROGRAM PATH: copies a program of this machine, or fails. tests/e2e/stack.py looks in the same places.
installed() {
	program=$(PATH=${MINISHOP_ENGINES_PATH:+$MINISHOP_ENGINES_PATH:}$PATH command -v "$2") || return
	image "$1" "$program" <<END
COPY $2 $3
USER 10001
ENTRYPOINT ["$3"]
END
}

# listener NAME PORTS [INSTRUCTION]: an image that only listens.
listener() {
	image "$1" "$here/listen.pl" <<END
${3:-}
COPY listen.pl /
ENTRYPOINT ["perl", "/listen.pl", $2]
END
}
# The health check uses the wget of Grafana's image.
listener grafana/grafana '"3000"' 'RUN apt-get update && apt-get install -y --no-install-recommends wget'
installed grafana/loki loki /usr/bin/loki || listener grafana/loki '"3100"'
installed grafana/tempo tempo /tempo || listener grafana/tempo '"3200", "4318"'
installed grafana/promtail promtail /usr/bin/promtail || listener grafana/promtail '"9080"'
installed grafana/alloy alloy /bin/alloy || listener grafana/alloy '"12345"'

cat <<END
DEBIAN_IMAGE=$base
MINISHOP_TAG=$tag
PROMETHEUS_VERSION=$tag
ALERTMANAGER_VERSION=$tag
GRAFANA_VERSION=$tag
LOKI_VERSION=$tag
OTELCOL_VERSION=$tag
JAEGER_VERSION=$tag
PROMTAIL_VERSION=$tag
ALLOY_VERSION=$tag
TEMPO_VERSION=$tag
END
