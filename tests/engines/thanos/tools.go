//go:build tools

// Package engines names what recipe.sh builds, for `go mod tidy`.
package engines

import _ "github.com/thanos-io/thanos/cmd/thanos"
