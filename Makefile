# `make help` lists what can be made. On a bare Debian 12, `make demo` and `make check` are enough.

CC       ?= cc
CFLAGS   ?= -O2 -g
PREFIX   ?= /usr/local
DESTDIR  ?=
BUILD    ?= build
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || cat VERSION 2>/dev/null || echo 0)

#  The one list of Debian packages: to build and run, and what the readers of `make lint` need more.
NEEDS    := gcc make pkg-config libc6-dev libzmq3-dev libczmq-dev libmsgpack-dev libsqlite3-dev \
            libsodium-dev libzstd-dev libssl-dev libjansson-dev libutf8proc-dev sqlite3 zstd jq faketime
NEEDS_CI := clang clang-tidy-14 clang-format-14 libclang-rt-14-dev cppcheck shellcheck

PKGS     := libczmq libzmq msgpack sqlite3 libsodium libzstd libcrypto jansson libutf8proc
LIB_CPP   = $(subst -I,-isystem ,$(shell pkg-config --cflags $(PKGS) 2>/dev/null))
LIB_LD    = $(shell pkg-config --libs $(PKGS) 2>/dev/null)

WARN     := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes \
            -Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wcast-qual -Wwrite-strings \
            -Wformat=2 -Wformat-signedness -Wundef -Wvla -Wswitch-enum -Wimplicit-fallthrough \
            -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wnull-dereference \
            -Wdouble-promotion -Wunused-macros
HARDEN   := -fstack-protector-strong -fstack-clash-protection -fcf-protection -fno-common \
            -fno-strict-overflow -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
ALL_CF    = -std=c11 -D_GNU_SOURCE $(LIB_CPP) $(WARN) $(HARDEN) $(SAN) $(CFLAGS)
ALL_LD    = $(SAN) $(LDFLAGS) -Wl,-z,relro,-z,now -Wl,--as-needed $(LIB_LD) -pthread -lm

#  What is built from what: every .c under a rung belongs to it, and nothing is listed twice.
RUNGS    := $(sort $(wildcard node/base/*.c proto/*.c node/core/*.c node/net/*.c node/store/*.c \
            node/catalogue/*.c node/app/*.c))
MAIN     := $(sort $(wildcard node/*.c))
SIM      := $(filter-out tests/sim/main.c,$(sort $(wildcard tests/sim/*.c)))
BENCH    := $(sort $(wildcard tests/bench/*.c))
TESTS    := $(sort $(wildcard tests/*.c tests/unit/*.c)) $(SIM)
HEADERS  := $(sort $(wildcard node/*.h node/*/*.h proto/*.h tests/*.h tests/*/*.h))
FUZZ     := $(sort $(wildcard tests/fuzz/*.c))
SOURCES  := $(RUNGS) $(MAIN) $(TESTS) $(BENCH) $(wildcard tests/sim/main.c) $(FUZZ)
ASSETS   := $(BUILD)/assets.o
obj       = $(patsubst %.c,$(BUILD)/o/%.o,$(1))

ifneq ($(V),1)
say = @printf '  %-7s %s\n' $(1) $(2);
endif

all: $(BUILD)/lienthong ## the program

$(BUILD)/lienthong: $(call obj,$(MAIN) $(RUNGS)) $(ASSETS)
	$(call say,LD,$@) $(CC) -o $@ $^ $(ALL_LD)
$(BUILD)/tests: $(call obj,$(TESTS) $(RUNGS)) $(ASSETS)
	$(call say,LD,$@) $(CC) -o $@ $^ $(ALL_LD)
$(BUILD)/sim: $(call obj,tests/sim/main.c $(SIM) $(RUNGS)) $(ASSETS)
	$(call say,LD,$@) $(CC) -o $@ $^ $(ALL_LD)
$(BUILD)/bench: $(call obj,$(BENCH) $(RUNGS)) $(ASSETS)
	$(call say,LD,$@) $(CC) -o $@ $^ $(ALL_LD)

#  A change of flags rebuilds what it touches: the flags are a prerequisite like any other.
$(BUILD)/flags: FORCE | needs
	@mkdir -p $(@D); printf '%s\n' '$(CC) $(VERSION) $(subst ','\'',$(ALL_CF))' | cmp -s - $@ || \
	    printf '%s\n' '$(CC) $(VERSION) $(subst ','\'',$(ALL_CF))' >$@
$(BUILD)/o/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<) $(CC) $(ALL_CF) $(if $(filter node/%,$<),-DVERSION='"$(VERSION)"') -MMD -MP -c -o $@ $<

#  Files that travel inside the program: conf/plan, the offices, the dictionary of the wire.
ASSET_FILES := $(sort $(wildcard conf/plan/types/*.json conf/plan/indicators/*.json \
               conf/offices/*.csv proto/dictionary-1.zdict))
$(BUILD)/assets.o: proto/assets.S $(ASSET_FILES) $(BUILD)/flags
	$(call say,AS,$<) $(CC) -c -o $@ $<

#  Missing packages are installed by root; anybody else is told the one line that does it.
needs:
	@missing=$$(for p in $(NEEDS); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | \
	    grep -q 'ok installed' || printf ' %s' $$p; done); \
	if [ -n "$$missing" ]; then \
	    if [ "$$(id -u)" = 0 ]; then apt-get update -qq && \
	        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	    else echo "thiếu gói / missing packages; run:"; echo "  sudo apt-get install -y$$missing"; exit 2; fi; fi
needs-ci: needs
	@$(MAKE) --no-print-directory needs NEEDS='$(NEEDS_CI)'

check: $(BUILD)/tests $(BUILD)/lienthong $(BUILD)/sim ladder ## every test that needs no minute of patience
	tests/check $(T)

demo: $(BUILD)/lienthong ## three levels of offices on this machine, in under a minute; KEEP=1 leaves them up
	deploy/demo $(if $(KEEP),--keep)

#  One build folder for each sanitizer, so that they never mix.
asan: ## memory
	$(MAKE) BUILD=build/asan SAN='-fsanitize=address -fno-omit-frame-pointer' unit
ubsan: ## undefined behaviour
	$(MAKE) BUILD=build/ubsan SAN='-fsanitize=undefined -fno-sanitize-recover=all' unit
tsan: ## threads
	TSAN_OPTIONS="suppressions=$(CURDIR)/tests/supp/tsan" \
	    $(MAKE) BUILD=build/tsan SAN=-fsanitize=thread unit
unit: $(BUILD)/tests ## the tests of one process alone
	$(BUILD)/tests $(T)

FUZZ_S   ?= 30
FUZZERS  := $(patsubst tests/fuzz/fuzz_%.c,%,$(FUZZ))
fuzz: $(FUZZERS:%=fuzz-%) ## every fuzzer for FUZZ_S seconds, from its corpus
$(FUZZERS:%=fuzz-%): fuzz-%: $(ASSETS) | needs-ci
	@mkdir -p build/fuzz/corpus/$* tests/fuzz/corpus/$*
	clang -std=c11 -D_GNU_SOURCE -g -O1 -fsanitize=fuzzer,address,undefined $(LIB_CPP) \
	    -o build/fuzz/$* tests/fuzz/fuzz_$*.c $(wildcard node/base/*.c proto/*.c) $(ASSETS) $(LIB_LD)
	build/fuzz/$* -max_total_time=$(FUZZ_S) -max_len=65536 -artifact_prefix=build/fuzz/ \
	    build/fuzz/corpus/$* tests/fuzz/corpus/$* 2>&1 | tail -2

sim: $(BUILD)/sim ## SEED=4711 replays one run, RUNS=1000 tries that many
	$(BUILD)/sim $(if $(SEED),--seed $(SEED)) --runs $(or $(RUNS),40)
bench: $(BUILD)/bench $(BUILD)/lienthong ## W1, W2, W3 with the machine they were taken on; writes build/bench.jsonl
	tests/bench/run

lint: ladder headers format-check | needs-ci ## what careful readers say, from five readers
	$(MAKE) BUILD=build/lint CFLAGS='-O2 -Werror' $(patsubst %.c,build/lint/o/%.o,$(filter-out $(FUZZ),$(SOURCES)))
	$(MAKE) BUILD=build/analyze CFLAGS='-O0 -U_FORTIFY_SOURCE -Werror -fanalyzer' \
	    $(patsubst %.c,build/analyze/o/%.o,$(RUNGS) $(MAIN))
	printf '%s\n' $(RUNGS) $(MAIN) | xargs -P 2 -n 4 sh -c 'clang-tidy-14 --quiet "$$@" -- \
	    -std=c11 -D_GNU_SOURCE -DVERSION=\"lint\" $(LIB_CPP) 2>/dev/null' tidy
	cppcheck --std=c11 --enable=warning,style,performance,portability --inline-suppr --quiet \
	    --suppress=missingIncludeSystem --suppress=unusedStructMember --suppress=internalAstError \
	    --suppress=resourceLeak:node/app/conf.c --suppress=variableScope --suppress=unknownMacro --suppress=knownConditionTrueFalse --suppress=shiftTooManyBits:proto/read.c \
	    --error-exitcode=1 -j 2 node proto
	shellcheck $(SCRIPTS)
SCRIPTS   = $(shell grep -lE '^\#!/bin/(ba)?sh' $$(git ls-files -co --exclude-standard deploy tests conf .ci))
ladder: ## includes only go down
	@tests/ladder
headers: $(HEADERS:%=$(BUILD)/o/%.ok) ## every header stands alone
$(BUILD)/o/%.h.ok: %.h $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,HDR,$<) $(CC) $(filter-out -Wunused-macros,$(ALL_CF)) -fsyntax-only -x c -include $< /dev/null && touch $@
format: ## lay the code out
	clang-format-14 -i $(SOURCES) $(HEADERS)
format-check: | needs-ci ## say what `format` would change
	clang-format-14 --dry-run -Werror $(SOURCES) $(HEADERS)

install: all ## DESTDIR and PREFIX as everywhere
	install -Dm755 $(BUILD)/lienthong $(DESTDIR)$(PREFIX)/bin/lienthong
	install -Dm644 README.md $(DESTDIR)$(PREFIX)/share/doc/lienthong/README.md
	install -Dm644 conf/lienthong.conf $(DESTDIR)$(PREFIX)/share/doc/lienthong/lienthong.conf
	install -Dm644 deploy/lienthong@.service $(DESTDIR)$(PREFIX)/lib/systemd/system/lienthong@.service
dist: ## a tarball of exactly what git knows, and its version
	@mkdir -p $(BUILD) && echo $(VERSION) >$(BUILD)/VERSION
	git archive --prefix=lienthong-$(VERSION)/ --add-file=$(BUILD)/VERSION -o $(BUILD)/lienthong-$(VERSION).tar.gz HEAD
clean: ; rm -rf build
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## */  make \1|/p' $(firstword $(MAKEFILE_LIST)) | column -t -s'|'

FORCE:
.PHONY: all needs needs-ci check demo asan ubsan tsan unit fuzz sim bench lint ladder headers format \
        format-check install dist clean help FORCE $(FUZZERS:%=fuzz-%)
.DELETE_ON_ERROR:
-include $(patsubst %.c,$(BUILD)/o/%.d,$(SOURCES))
