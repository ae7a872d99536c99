// Doctor finds out why a signal did not reach the inbox of a local PostHog.
package main

import (
	"os"

	"doctor/report/command"
)

func main() {
	os.Exit(command.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ()))
}
