// Parses a configuration of Alloy with Alloy's own parser, and prints it as Alloy formats it. Ends with 1 if it is not in the language.
// What the components make of their arguments, only Alloy itself knows.
package main

import (
	"fmt"
	"os"

	"github.com/grafana/alloy/syntax/parser"
	"github.com/grafana/alloy/syntax/printer"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: check FILE")
		os.Exit(2)
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	file, err := parser.ParseFile(os.Args[1], text)
	if err == nil {
		err = printer.Fprint(os.Stdout, file)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
