# modeltrial: which AI model should do which kind of task. `make help` lists the targets.

GO ?= go
BIN := bin/modeltrial
# The workspace that `make demo` leaves.
DIR ?= demo
FUZZTIME ?= 20s

.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# What the linker has just written lies in the system's cache in large pieces, which are
# mapped whole where any of it is used: a copy, such as every installed program is, takes
# a quarter less memory.
build: ## build bin/modeltrial
	CGO_ENABLED=0 $(GO) build -ldflags "-s -w" -o $(BIN) ./cmd/modeltrial
	cp $(BIN) $(BIN).copy && mv $(BIN).copy $(BIN)

demo: build ## run the whole job on embedded sample data, into demo/
	$(BIN) demo --dir $(DIR) --replace

# What runs for long comes first, so that it does not run alone at the end. Documents and
# mathematics are of one goroutine, the readers of logs of two, of which one test tells all
# that the race detector can. Training takes many minutes under it: audit/classify runs
# again without, which makes the embedded weights from their texts. The command scripts and
# the tests of store and eval/run run on PostgreSQL and on files. The tests of the commands
# wait for processes, servers and browsers: two for each core keep it busy.
RACELESS := ./audit/ingest ./report/... ./eval/stats
PARALLEL := $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN))))
test: lint ## install what the tests need, then run all of them
	sh .ci/install
	sh .ci/memory $(GO) test -race -count=1 -timeout 20m ./store $$($(GO) list ./... | grep -v -e /cmd/ -e '/store$$' -e /ingest -e /report -e /eval/stats)
	$(GO) test -race -count=1 -run '^TestReadingStopsWithItsTaker$$' ./audit/ingest
	sh .ci/memory sh .ci/postgres $(GO) test -count=1 -timeout 20m -parallel $(PARALLEL) ./cmd/... ./store ./eval/run ./audit/classify $(RACELESS)

lint: ## formatting, vet, staticcheck, errcheck, tidy
	@unformatted=$$($(GO) tool gofumpt -l .); if [ -n "$$unformatted" ]; then echo "not formatted, run 'go tool gofumpt -w .':"; echo "$$unformatted"; exit 1; fi
	$(GO) mod tidy -diff
	$(GO) vet ./...
	$(GO) tool staticcheck -checks all ./...
	$(GO) tool errcheck -exclude .ci/errcheck.txt ./...

fuzz: ## fuzz every parser for FUZZTIME each
	@set -e; for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$target"; $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$package; \
		done; done

bench: ## run every benchmark
	$(GO) test -run '^$$' -bench . -benchmem ./...

bench-import: ## import and categorise a million tasks beside the sqlite3 command
	MODELTRIAL_BENCH_ROWS=1000000 $(GO) test -run '^$$' -bench '^Benchmark(Import|Classify)$$' -benchtime 3x -timeout 30m ./cmd/modeltrial

bench-run: ## run pilots, workers and judges against a local server beside a bare client and, where npm has it, promptfoo
	MODELTRIAL_BENCH_RUN=1 $(GO) test -run '^$$' -bench '^Benchmark(PilotRun|PilotRunMemory|JudgeRun|JudgeCheck|Promptfoo|Workers)$$' -benchtime 1x -timeout 2h -v ./cmd/modeltrial

train: ## rebuild the categoriser from datasets/training
	$(GO) run ./audit/classify/train

simulate: ## measure the methods where the truth is known, into eval/stats/README.md (some minutes)
	$(GO) run ./eval/simulate/characteristics

pictures: ## make the README's pictures anew from the demonstration
	sh .ci/install
	mkdir -p .ci/pictures && MODELTRIAL_PICTURES=$(CURDIR)/.ci/pictures $(GO) test -count=1 -run '^TestPictures$$' -v ./cmd/modeltrial

man: build ## write the manual pages into bin/man
	mkdir -p bin/man && $(BIN) man bin/man

clean: ## remove what was built
	rm -rf bin demo

.PHONY: help build demo test lint fuzz bench bench-import bench-run train simulate pictures man clean
