# Two small images: `prepare` contains the configuration of the whole stack, the other one MiniShop, slack-mock and the shoppers.
ARG DEBIAN_IMAGE=debian:12-slim

# No file in the images gives a process more rights than it has.
FROM ${DEBIAN_IMAGE} AS base
RUN find / -xdev -type f -perm /6000 -exec chmod ug-s {} +

# It comes before the build, so that a change of the configuration compiles nothing.
FROM base AS prepare
RUN install -d -o 10001 -g 10001 /etc/minishop-lab /etc/minishop-lab/grafana /etc/minishop-lab/grafana/dashboards \
      /etc/slack-url /etc/minishop/incident /var/log/minishop /var/lib/slack-mock /var/lib/prometheus-targets /var/lib/otelcol \
      /var/lib/promtail /var/lib/alloy /var/tempo /loki \
 && install -d -o 65534 -g 65534 /prometheus /alertmanager \
 && install -d -o 472 -g 0 /var/lib/grafana
COPY observability /usr/share/minishop-lab
# The clone may have been made with any umask.
RUN chmod -R a+rX /usr/share/minishop-lab
CMD ["sh", "/usr/share/minishop-lab/containers/prepare.sh"]

FROM ${DEBIAN_IMAGE} AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends build-essential autoconf automake libtool pkg-config libulfius-dev \
      libmicrohttpd-dev liborcania-dev libyder-dev libjansson-dev libcurl4-gnutls-dev libconfig-dev libprotobuf-c-dev \
      protobuf-c-compiler zlib1g-dev check \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN chmod -R a+rX . && ./bootstrap
WORKDIR /build
RUN /src/configure --prefix=/usr --sysconfdir=/etc --localstatedir=/var \
 && make -j2 \
 && { make check || { cat test-suite.log; exit 1; }; } \
 && make install-strip DESTDIR=/out

FROM base
RUN apt-get update \
 && apt-get install -y --no-install-recommends libulfius2.7 libyder2.0 liborcania2.3 libmicrohttpd12 libjansson4 \
      libcurl3-gnutls libconfig9 libprotobuf-c1 zlib1g ca-certificates haproxy wrk \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -o 10001 -g 10001 /var/log/minishop /var/lib/slack-mock
COPY --from=build /out/ /
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 CMD ["/usr/sbin/minishop", "--healthcheck"]
CMD ["/usr/sbin/minishop", "--listen", "0.0.0.0:8080"]
