# SPDX-License-Identifier: MIT
# shellcheck shell=sh
compile "$2" "$1/docker-compose" github.com/docker/compose/v2/cmd
