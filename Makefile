# The linter brings gofumpt and staticcheck along. It is built once and kept in Go's
# build cache, so nothing has to be installed.
GOLANGCI := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
LAB := go run -C fixtures/lab .

.PHONY: build test unit fuzz demo captures truth pictures lab lab-install lab-down bench scale release platforms lint audit fmt

# Without what only a debugger and a manual page's generator would use: smaller, and faster to start.
FLAGS := -trimpath -tags urfave_cli_no_docs -ldflags "-s -w"

build: # the binary, into ./doctor: a static one, as it is released, which starts faster
	CGO_ENABLED=0 go build $(FLAGS) -o doctor .

test: unit # all tests; those on real services bring up the lab for themselves
	$(LAB) with go test -count=1 -parallel 4 -timeout 45m ./...

# The race detector needs a C compiler, which a machine with nothing but Go has not.
RACE := $(if $(shell command -v $$(go env CC)),-race)

unit: # the tests that need no service
	@test -n "$(RACE)" || echo "no C compiler: the tests run without the race detector" >&2
	go test $(RACE) ./...

fuzz: # hostile input for each parser, FUZZTIME long (3m when it is not set)
	.ci/fuzz

# A finding is what the demonstration is to end with: exit code 1 of doctor is its success.
demo: build # the main job, on a recorded pipeline: needs nothing but Go
	@echo ./doctor --from fixtures/captures/demo.zip && { ./doctor --from fixtures/captures/demo.zip || test $$? -eq 1; }

# The lab's folder is in the captures, and should be nobody's own.
captures: # record fixtures/captures anew from the lab's diseases, and their golden reports
	rm -f fixtures/captures/*
	DOCTOR_LAB_DATA=/tmp/doctor-lab $(LAB) with go test -count=1 -parallel 4 -timeout 45m ./diseases -run 'TestDiseases|TestHealth|TestDemo' -args -captures ../../captures
	go test ./report/command -run 'TestCaptures|TestTracesOfCaptures' -update

# What was found live is kept a line a world: a run that was broken off goes on where it was.
TRUTH := $(CURDIR)/fixtures/truth

truth: # random worlds of which is known what is wrong, told from captures and live in the lab: precision and recall of the roots
	go test -count=1 -timeout 2h ./checks/all -run TestRandomWorlds -args -worlds 2000 -table $(TRUTH)/told.txt
	$(LAB) with go test -count=1 -parallel 4 -timeout 6h ./diseases -run TestMixedWorlds -args -mixed 100 -results $(TRUTH)/live.jsonl

# Made from a capture, so that they show what the tool says. The page is a golden file of the tests, too.
CHROMIUM := $(firstword $(foreach name,chromium chromium-browser google-chrome,$(shell command -v $(name))))
PICTURES := fixtures/pictures
SHOOT = $(CHROMIUM) --headless --no-sandbox --disable-gpu --hide-scrollbars --blink-settings=preferredColorScheme=1 --virtual-time-budget=5000

pictures: # what the README shows; with Chromium also what the page looks like; with Graphviz what explains what
	test -z "$$(command -v dot)" || go run . checks --graph=dot | dot -Tsvg -o $(PICTURES)/causes.svg
	@test -n "$$(command -v dot)" || echo "no Graphviz: causes.svg stays as it is" >&2
	go test ./report/command -run "TestHTMLGolden|TestReadme" -update
	@test -n "$(CHROMIUM)" || echo "no Chromium: the pictures stay as they are" >&2
	test -z "$(CHROMIUM)" || $(SHOOT) --window-size=1200,1000 --screenshot=$(PICTURES)/demo.png file://$(CURDIR)/$(PICTURES)/demo.html
	sed '/<header/,/^<\/header>/d; /id="pipeline"/,/^<\/section>/d; /id="findings"/,/^<\/section>/d' $(PICTURES)/demo.html > $(PICTURES)/time.html
	test -z "$(CHROMIUM)" || $(SHOOT) --window-size=1200,980 --screenshot=$(PICTURES)/demo-time.png file://$(CURDIR)/$(PICTURES)/time.html
	rm $(PICTURES)/time.html

lab: # start the real services, and leave them running
	$(LAB) up

lab-install: # what the services need, from Debian, the Go module proxy and npm
	$(LAB) install

lab-down: # stop what `make lab` has started
	$(LAB) down

bench: # doctor beside its own start, hello world and the diagnosis by hand, on the reference world
	$(LAB) with sh -c 'go run . world --team-id 60 && go run . bench --team-id 60'

# In a lab of its own, which is gone afterwards: what it fills would be in the way of the tests.
scale: # what doctor takes as a pipeline grows: fixtures/bench has the curves, ONLY=NAME makes one of them
	DOCTOR_LAB_DATA=/tmp/doctor-scale $(LAB) with --free-ports go run . scale $(if $(ONLY),--only $(ONLY)); code=$$?; DOCTOR_LAB_DATA=/tmp/doctor-scale $(LAB) down --remove; exit $$code

# Static programs with their checksums, in ./dist: each tells the tag that it was built from.
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64

release: # what is published, for all platforms
	rm -rf dist && mkdir dist
	for platform in $(PLATFORMS); do \
		CGO_ENABLED=0 GOOS=$${platform%/*} GOARCH=$${platform#*/} go build $(FLAGS) -o dist/doctor-$${platform%/*}-$${platform#*/} . || exit 1; \
	done
	cd dist && sha256sum doctor-* > SHA256SUMS

platforms: # what is wrong on a platform that it is released for, tests included
	for platform in $(PLATFORMS); do \
		CGO_ENABLED=0 GOOS=$${platform%/*} GOARCH=$${platform#*/} go vet ./... || exit 1; \
	done

lint:
	$(GOLANGCI) run ./...
	cd fixtures/lab && $(GOLANGCI) run ./...

audit: # licences of what is linked in, and known vulnerabilities in what is called
	.ci/audit

fmt:
	$(GOLANGCI) fmt ./...
	cd fixtures/lab && $(GOLANGCI) fmt ./...

