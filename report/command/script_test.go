package command

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// programs are what the test binary can be, by the name that it is called by.
var programs = map[string]func(){
	"doctor": func() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ())) },
}

// TestMain lets the test binary be the doctor itself, for the scripts and for the tests that need a process.
func TestMain(m *testing.M) { testscript.Main(m, programs) }

// TestScripts runs the acceptance scripts of the commands. No script meets a service that happens to run here: every
// service is configured to be at an address where nobody listens.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "../../fixtures/scripts",
		Setup: func(env *testscript.Env) error {
			address, err := nobody()
			if err != nil {
				return err
			}
			env.Vars = append(env.Vars, elsewhere(address)...)
			env.Setenv("NOBODY", address)
			captures, err := filepath.Abs("../../fixtures/captures")
			if err != nil {
				return err
			}
			env.Setenv("CAPTURES", captures)
			return nil
		},
		Condition: condition,
		Cmds:      map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "huge": huge, "binary": binary, "draw": draw},
	})
}

// condition answers [root], and [bare]: nothing listens where a service is by default.
func condition(name string) (bool, error) {
	switch name {
	case "root":
		return os.Geteuid() == 0, nil
	case "bare":
		for _, address := range []string{":8081", ":9000", ":19000", ":5432", ":6379", ":9092", ":3305", ":3308", ":8787"} {
			if connection, err := net.Dial("tcp", "localhost"+address); err == nil {
				connection.Close()
				return false, nil
			}
		}
		_, err := os.Stat("/var/run/docker.sock")
		return err != nil, nil
	}
	return false, fmt.Errorf("there is no condition %q", name)
}

// nobody is an address where nobody listens.
func nobody() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

// elsewhere is an environment in which all services are at one address.
func elsewhere(address string) []string {
	return []string{
		"TEMPORAL_UI_HOST=http://" + address,
		"CLICKHOUSE_HOST=" + address,
		"OBJECT_STORAGE_ENDPOINT=http://" + address,
		"DATABASE_URL=postgres://posthog:secret@" + address + "/posthog",
		"DOCKER_HOST=tcp://" + address,
		"SANDBOX_PROVIDER=docker",
	}
}

// exits runs a command and wants it to end with an exit code: exits CODE COMMAND [ARGUMENT…].
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code command [argument...]")
	}
	code := 0
	var failed *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &failed) {
		code = failed.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s\n%s%s", code, args[0], ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// huge makes a file that is too large for what it is called: huge FILE MEGABYTES.
func huge(ts *testscript.TestScript, _ bool, args []string) {
	megabytes, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte("A=1\n"), 0o600))
	ts.Check(os.Truncate(ts.MkAbs(args[0]), megabytes<<20))
}

// draw sets a variable to a text that looks like a secret, so that none has to stand in a script: draw NAME PREFIX LENGTH.
func draw(ts *testscript.TestScript, _ bool, args []string) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	length, err := strconv.Atoi(args[2])
	ts.Check(err)
	source, text := rand.New(rand.NewPCG(uint64(length), 3)), args[1]
	for range length {
		text += string(letters[source.IntN(len(letters))])
	}
	ts.Setenv(args[0], text)
}

// binary makes a file that is no text: binary FILE.
func binary(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte("A=\x00\x01\xff\xfe\n"), 0o600))
}
