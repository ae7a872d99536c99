# The linter brings gofumpt and staticcheck along. It is built once and kept in Go's
# build cache, so nothing has to be installed.
GOLANGCI := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
LAB := go run -C fixtures/lab .

.PHONY: build test unit lab lab-install lab-down bench lint fmt

# Without what only a debugger and a manual page's generator would use: smaller, and faster to start.
FLAGS := -trimpath -tags urfave_cli_no_docs -ldflags "-s -w"

build: # the binary, into ./doctor
	go build $(FLAGS) -o doctor .

test: unit # all tests; those on real services bring up the lab for themselves
	$(LAB) with go test -count=1 ./...

unit: # the tests that need no service
	go test -race ./...

lab: # start the real services, and leave them running
	$(LAB) up

lab-install: # what the services need, from Debian, the Go module proxy and npm
	$(LAB) install

lab-down: # stop what `make lab` has started
	$(LAB) down

bench: build # doctor beside its own start, hello world and the diagnosis by hand
	$(LAB) with go run . bench

lint:
	$(GOLANGCI) run ./...
	cd fixtures/lab && $(GOLANGCI) run ./...

fmt:
	$(GOLANGCI) fmt ./...
	cd fixtures/lab && $(GOLANGCI) fmt ./...

