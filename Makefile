# make test is what every change must pass; the other targets are for longer
# runs. Everything needs Go alone and what the Go module proxy serves.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := test

# Directories that have a go.mod of their own, apart from the root.
NESTED := internal/walktest/lineartest

# A command that starts the servers the tests of nested modules talk to, runs
# its arguments and stops the servers again. Empty while no module needs one.
WITH_SERVERS :=

# Pinned, and outside go.mod: users of the module do not get it.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

FUZZTIME ?= 60s
BENCHTIME ?= 1s
SEEDS ?= 1000
STEPS ?= 1000000

MODULES := . $(NESTED)

# Each module is looked at as its users get it, not through a workspace.
export GOWORK := off

.PHONY: test fmt vet staticcheck unit exact walk fuzz bench generate golden nested

test: fmt vet staticcheck unit

fmt:
	@unformatted="$$(gofmt -l .)"; \
	if [ -n "$$unformatted" ]; then echo "gofmt -w these files:"; echo "$$unformatted"; exit 1; fi

vet:
	@for dir in $(MODULES); do echo "go vet: $$dir"; (cd "$$dir" && go vet ./...) || exit 1; done

staticcheck:
	@for dir in $(MODULES); do echo "staticcheck: $$dir"; (cd "$$dir" && go run $(STATICCHECK) ./...) || exit 1; done

unit:
	go test -race -shuffle=on ./...
	@for dir in $(NESTED); do echo "go test: $$dir"; \
	(cd "$$dir" && $(WITH_SERVERS) go test -race -shuffle=on ./...) || exit 1; done

# One long advance of the clock and many short ones give the same log.
exact:
	SWITCHBOARD_SEEDS=$(SEEDS) go test -run 'Exact' -count=1 -timeout 60m .

# Random commands against every machine, the whole board, and many Boards on one
# log, of which the callers' history must be linearizable.
walk:
	SWITCHBOARD_WALK=$(STEPS) go test -run RandomWalk -count=1 -timeout 60m ./...
	@for dir in $(NESTED); do \
	(cd "$$dir" && SWITCHBOARD_WALK=$(STEPS) go test -run RandomWalk -count=1 -timeout 60m ./...) || exit 1; done

# Every fuzz target of every package for FUZZTIME. go test fuzzes one target of
# one package at a time, so they are found first.
fuzz:
	@for dir in $(MODULES); do ( \
		cd "$$dir" || exit 1; \
		packages="$$(go list ./...)" || exit 1; \
		for package in $$packages; do \
			list="$$(go test -list '^Fuzz' "$$package")" || { echo "$$list"; exit 1; }; \
			for target in $$(sed -n '/^Fuzz/p' <<<"$$list"); do \
				echo "fuzz: $$package $$target"; \
				go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$package" || exit 1; \
			done; \
		done ) || exit 1; done

bench:
	go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...

# codec_events.go is made by a test of the package that it belongs to. It begins
# empty, so that the package compiles even when a field has gone.
NO_EVENTS := import "github.com/switchboard-go/switchboard/internal/wire"; \
	func appendBody(_ *wire.Encoder, dst []byte, _ any) ([]byte, bool) { return dst, false }

generate:
	go generate ./...
	echo 'package switchboard; $(NO_EVENTS)' > codec_events.go
	go test -run 'TestGeneratedCodeIsUpToDate' -count=1 . -write-code

# After a change to the exported API that is meant.
golden:
	go test ./internal/rules -update

# The nested modules, for scripts.
nested:
	@echo $(NESTED)
