# SPDX-License-Identifier: Apache-2.0
# One non-recursive Makefile: one set of rules, objects in build/$(VARIANT)/. `make help` lists the targets.
# VARIANT=debug|release|static|san|cov|fuzz; V=1 shows commands; DEV=1 makes warnings errors (CI does).

VARIANT ?= debug
B := build/$(VARIANT)
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$(2)';)

FOLDERS := base spec agent sandbox images entrypoint
PKGS := yaml-0.1 libcjson libseccomp libcap libevent_core libcrypto zlib libzstd
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
SUBMAKE = $(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

CC ?= gcc
CPPFLAGS += -D_GNU_SOURCE -I. -Iinclude
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wpointer-arith -Wcast-align -Wcast-qual -Wwrite-strings -Wundef -Wvla \
	-Wformat=2 -Wstrict-prototypes -Wold-style-definition -Wmissing-prototypes -Wmissing-declarations \
	-Wredundant-decls -Wnested-externs -Wswitch-enum -Wimplicit-fallthrough -Wnull-dereference -Wdouble-promotion \
	-Wconversion -Wsign-conversion -Wfloat-equal -Wdate-time -Wframe-larger-than=16384
WARN_gcc := -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init -Wtrampolines -Wformat-signedness
WARN += $(if $(findstring clang,$(CC)),,$(WARN_gcc)) $(if $(DEV),-Werror)
HARDEN := -fno-common -fno-strict-aliasing -fstack-protector-strong -fstack-clash-protection -fcf-protection
CFLAGS_debug   := -O1 -g
CFLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2
CFLAGS_static  := -O2 -g -D_FORTIFY_SOURCE=2 -ffunction-sections -fdata-sections
CFLAGS_san     := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
	-Wno-frame-larger-than -Wno-format-truncation -Wno-maybe-uninitialized
CFLAGS_cov     := -O0 -g --coverage
CFLAGS_fuzz    := -O1 -g -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all -Wno-frame-larger-than
CFLAGS_child_san  := -fno-sanitize=all
CFLAGS_child_fuzz := -fno-sanitize=all
LDFLAGS_san    := -fsanitize=address,undefined
LDFLAGS_cov    := --coverage
LDFLAGS_fuzz   := -fsanitize=address,undefined
LDFLAGS_static := -static-pie -Wl,--gc-sections
CFLAGS_ALL = -std=gnu17 -fPIE $(WARN) $(HARDEN) $(CFLAGS_$(VARIANT)) $(CFLAGS)
LDFLAGS_ALL = $(if $(filter static,$(VARIANT)),,-pie) -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code \
	$(LDFLAGS_$(VARIANT)) $(LDFLAGS)
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS = $(shell pkg-config --libs $(PKGS))

SRC := $(filter-out base/nonss.c,$(foreach d,$(FOLDERS),$(wildcard $(d)/*.c)))
OBJ := $(SRC:%.c=$(B)/%.o) $(B)/sandbox/init_blob.o
ifeq ($(VARIANT),static)
# No NSS in the static program (base/nonss.c) and cJSON compiled from Debian's source package.
CJSON := build/deps/cjson
PKG_CFLAGS := -Ibuild/deps -I$(CJSON) $(PKG_CFLAGS)
PKG_LIBS = -lyaml -lseccomp -lcap -levent_core -lcrypto -lz -lzstd -pthread
OBJ += $(B)/base/nonss.o $(B)/cJSON.o
$(SRC:%.c=$(B)/%.o): | $(CJSON)/cJSON.c
endif
LIB_OBJ := $(filter-out $(B)/entrypoint/main.o,$(OBJ))
LIB := $(B)/libmonopod.a
BIN := $(B)/monopod
INIT := $(B)/sandbox/init/step-init

TEST_SRC := $(filter-out tests/integration/%,$(wildcard tests/*/test_*.c))
INTEG_SRC := $(wildcard tests/integration/test_*.c)
HELPER_SRC := $(wildcard tests/helpers/*.c)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ := $(FUZZ_SRC:tests/fuzz/fuzz_%.c=%)
TEST := $(TEST_SRC:%.c=$(B)/%)
INTEG := $(INTEG_SRC:%.c=$(B)/%)
REPLAY := $(FUZZ:%=$(B)/tests/fuzz/replay_%)
HELPER := $(HELPER_SRC:%.c=$(B)/%)
TAP := $(wildcard tests/*/*.t)
TEST_LIBS := -lcmocka -larchive

.PHONY: all
all: $(BIN)

# Changed flags rebuild everything of the variant.
FLAGS := $(CC) $(CPPFLAGS) $(CFLAGS_ALL) $(CFLAGS_child_$(VARIANT)) $(LDFLAGS_ALL)
$(shell mkdir -p $(B); echo '$(FLAGS)' | cmp -s - $(B)/flags || echo '$(FLAGS)' >$(B)/flags)

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS_ALL) $(CFLAGS_ONE) -MMD -MP -c -o $@ $<

# The cloned child is a closed world: no sanitizer run-time in it.
$(patsubst %.c,$(B)/%.o,$(wildcard sandbox/child*.c)): CFLAGS_ONE = $(CFLAGS_child_$(VARIANT))

$(B)/cJSON.o: $(CJSON)/cJSON.c $(B)/flags
	$(call say,CC,$<)$(CC) -std=gnu17 -fPIE -w $(HARDEN) $(CFLAGS_static) -DCJSON_NESTING_LIMIT=128 -I$(CJSON) -c -o $@ $<

build/deps/cjson/cJSON.c:
	@echo 'static build: cJSON source is missing; run `make setup` once' >&2; exit 1

# step-init: freestanding, no libc, never sanitized; embedded into the program by init_blob.S
$(INIT): $(wildcard sandbox/init/*.c sandbox/init/*.h)
	@mkdir -p $(@D)
	$(call say,INIT,$@)$(CC) -std=gnu17 -O2 -ffreestanding -nostdlib -static -fno-pie -no-pie -fno-stack-protector \
		-fno-asynchronous-unwind-tables -fcf-protection=none -Wall -Wextra -Werror -Wno-unused-command-line-argument -I. -Iinclude \
		-Wl,--build-id=none,-z,noexecstack,-z,norelro -s -o $@ $(filter %.c,$^)

$(B)/sandbox/init_blob.o: sandbox/init_blob.S $(INIT)
	$(call say,AS,$<)$(CC) -c -Wa,-I$(dir $(INIT)) -o $@ $<

$(LIB): $(LIB_OBJ)
	$(call say,AR,$@)rm -f $@ && ar qcs $@ $(LIB_OBJ)

ifeq ($(VARIANT),static) # monopod.full keeps its symbols for tests/lint/static.sh
$(BIN): $(BIN).full
	$(call say,STRIP,$@)strip -o $@ $<
$(BIN).full: $(B)/entrypoint/main.o $(LIB_OBJ)
	$(call say,LD,$@)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS) >$(B)/link.log 2>&1 || { cat $(B)/link.log; exit 1; }
else
$(BIN): $(B)/entrypoint/main.o $(LIB)
	$(call say,LD,$@)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS)
endif

TEST_CC = $(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS_ALL) -Wno-missing-prototypes -Wno-frame-larger-than -MMD -MP -MF $@.d $(LDFLAGS_ALL) -o $@ \
	$(filter %.c,$^) $(LIB) $(PKG_LIBS)

$(B)/tests/%: tests/%.c $(LIB)
	@mkdir -p $(@D)
	$(call say,TEST,$<)$(TEST_CC) $(TEST_LIBS)

$(B)/tests/helpers/%: tests/helpers/%.c $(wildcard tests/helpers/*/*.[ch]) $(B)/flags
	@mkdir -p $(@D)
	$(call say,TEST,$<)$(CC) $(CPPFLAGS) -std=gnu17 -O1 -g $(WARN) -static -o $@ $< $(wildcard $(<:.c=)/*.c)

$(B)/tests/fuzz/replay_%: tests/fuzz/fuzz_%.c tests/fuzz/replay.c $(LIB)
	@mkdir -p $(@D)
	$(call say,TEST,$<)$(TEST_CC) -larchive

$(B)/tests/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(LIB)
	@mkdir -p $(@D)
	$(call say,FUZZ,$<)$(TEST_CC) -larchive -fsanitize=fuzzer

.SECONDARY:
.PHONY: lib tests unit
lib: $(LIB)
tests: $(BIN) $(TEST) $(INTEG) $(REPLAY) $(HELPER)
unit: $(TEST)
	$(Q)tests/run $(VARIANT) $(TEST)

# one test: make unit-test_num
unit-%: $(B)/tests/unit/%
	$(Q)$<

.PHONY: static setup setup-test test test-variant check lint tidy format
static:
	+$(Q)$(SUBMAKE) VARIANT=static all

setup:
	$(Q).ci/packages.sh build && .ci/cjson.sh build/deps/cjson

setup-test: setup
	$(Q).ci/packages.sh test

# Everything, then everything again with the address and undefined-behaviour sanitizers.
test: setup-test
	+$(Q)$(SUBMAKE) VARIANT=debug tests
	+$(Q)$(SUBMAKE) VARIANT=san tests && $(SUBMAKE) static
	$(Q)tests/run debug+san

test-variant: tests
	$(Q)tests/run $(VARIANT)

check:
	+$(Q)$(SUBMAKE) VARIANT=release DEV=1 all
	+$(Q)$(SUBMAKE) DEV=1 static
	+$(Q)$(SUBMAKE) VARIANT=release DEV=1 lint

lint: $(SRC:%.c=build/tidy-size/%.ok)
	$(Q)CC='$(CC)' CFLAGS='$(CPPFLAGS) $(PKG_CFLAGS) -std=gnu17 $(WARN)' B='$(B)' tests/lint/run

TIDY = clang-tidy --quiet --warnings-as-errors='*' $(1) $< -- $(CPPFLAGS) $(PKG_CFLAGS) -std=gnu17 \
	$(if $(filter base/err.c,$<),,-include tests/lint/analyzer.h)
tidy: $(SRC:%.c=build/tidy/%.ok)

build/tidy/%.ok: %.c .clang-tidy
	@mkdir -p $(@D)
	$(call say,TIDY,$<)$(call TIDY) 2>$@.log || { cat $@.log; exit 1; }; touch $@

build/tidy-size/%.ok: %.c .clang-tidy
	@mkdir -p $(@D)
	$(call say,SIZE,$<)$(call TIDY,--checks='-*$(comma)readability-function-*$(comma)android-cloexec-*') 2>$@.log \
		|| { cat $@.log; exit 1; }; touch $@
comma := ,

format:
	$(Q)git ls-files -z '*.c' '*.h' | xargs -0 clang-format -i

.PHONY: conformance demo demo-talk bench torture fuzz fuzz-run image man install clean distclean help
conformance: setup-test
	+$(Q)$(SUBMAKE) static
	$(Q)tests/conformance/make-images
	$(Q)MONOPOD=$(CURDIR)/build/static/monopod tests/conformance/run --floors

demo demo-talk:
	+$(Q)$(SUBMAKE) setup
	$(Q)$(if $(filter demo-talk,$@),.ci/packages.sh talk)
	+$(Q)$(SUBMAKE) static
	$(Q)MONOPOD=$(CURDIR)/build/static/monopod examples/$(if $(filter demo,$@),demo.sh,talk/run.sh)

bench torture: static $(HELPER)
	$(Q)MONOPOD=$(CURDIR)/build/static/monopod tests/$@/run

fuzz:
	+$(Q)$(SUBMAKE) VARIANT=fuzz CC=clang fuzz-run
fuzz-run: $(FUZZ:%=run-fuzz-%)
run-fuzz-%: $(B)/tests/fuzz/fuzz_%
	$(Q)mkdir -p $(B)/corpus/$* && $< -max_total_time=$(FUZZ_SECONDS) -timeout=10 $(addprefix -dict=,$(wildcard tests/fuzz/$*.dict)) -print_final_stats=1 -artifact_prefix=$(B)/$*- \
		$(B)/corpus/$* $(wildcard tests/fuzz/corpus/$*)

# FROM scratch and one file: nothing is run in it, so no isolation and no network are needed.
image: static
	$(Q)rm -rf build/image && mkdir -p build/image && cp build/static/monopod build/image/
	$(Q)buildah bud --isolation chroot --unsetenv PATH -q -t $(or $(IMAGE),localhost/monopod) -f images/Containerfile build/image

man: build/man/monopod.1
build/man/monopod.1: $(BIN)
	@mkdir -p $(@D)
	$(call say,MAN,$@)$(BIN) help --man >$@.new && mv $@.new $@

install: $(BIN) man
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/bin $(BIN) wrapper/kubectl-monopod
	install -D -m 644 build/man/monopod.1 $(DESTDIR)$(PREFIX)/share/man/man1/monopod.1

# What setup fetched (build/deps) and images made for the demos stay; distclean removes them too.
clean:
	rm -rf $(foreach v,debug release static san cov fuzz man image tidy tidy-size,build/$v)
distclean:
	rm -rf build

help:
	@sed -n 's/^# help: //p' Makefile
# help: make                 build/debug/monopod; VARIANT=debug|release|static|san|cov|fuzz V=1 DEV=1
# help: make static          build/static/monopod: one static-pie file, stripped
# help: make setup           Debian packages for building and the demo, cJSON's source for the static build
# help: make setup-test      the packages that tests and checks need
# help: make test            all tests, then all again with sanitizers (sets up what it needs)
# help: make unit-test_NAME  one unit test
# help: make check           -Werror builds, layers, closed world, banned words, format, sizes, static gates
# help: make tidy            clang-tidy with every check (slow)
# help: make format          clang-format over all sources
# help: make conformance     runs what Tekton's own examples and recorded runs say
# help: make demo            a first pipeline of several tasks, from a fresh machine to its summary
# help: make demo-talk       git, Go, five tasks: the pipeline of the talk
# help: make image           localhost/monopod, FROM scratch
# help: make bench           what a step costs, beside bwrap, crun and runc; make torture: KILLS=500, SEED=, FAULTS=
# help: make fuzz            FUZZ_SECONDS=60 per target
# help: make install         DESTDIR=, PREFIX=/usr/local: the program, its man page, the plug-in of kubectl
# help: make clean           removes what was built; distclean also what was fetched

-include $(OBJ:.o=.d) $(TEST:%=%.d) $(INTEG:%=%.d) $(REPLAY:%=%.d) $(FUZZ:%=$(B)/tests/fuzz/fuzz_%.d)
