# SPDX-License-Identifier: Apache-2.0
# One non-recursive Makefile. `make help` lists the targets; VARIANT=debug|release|static|san|cov|fuzz; V=1 shows commands;
# DEV=1 makes warnings errors (CI does).

VARIANT ?= debug
B := build/$(VARIANT)
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$(2)';)

FOLDERS := base spec agent sandbox images entrypoint
PKGS := yaml-0.1 libcjson libseccomp libcap libevent_core libcrypto zlib libzstd

CC ?= gcc
CPPFLAGS += -D_GNU_SOURCE -I. -Iinclude
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wpointer-arith -Wcast-align -Wcast-qual -Wwrite-strings -Wundef -Wvla \
	-Wformat=2 -Wstrict-prototypes -Wold-style-definition -Wmissing-prototypes -Wmissing-declarations \
	-Wredundant-decls -Wnested-externs -Wswitch-enum -Wimplicit-fallthrough -Wnull-dereference -Wdouble-promotion \
	-Wconversion -Wsign-conversion -Wfloat-equal -Wdate-time -Wframe-larger-than=16384
WARN_gcc := -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init -Wtrampolines
WARN += $(if $(findstring clang,$(CC)),,$(WARN_gcc)) $(if $(DEV),-Werror)
HARDEN := -fno-common -fno-strict-aliasing -fstack-protector-strong -fstack-clash-protection -fcf-protection
CFLAGS_debug   := -O1 -g
CFLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2
CFLAGS_static  := -O2 -g -D_FORTIFY_SOURCE=2 -ffunction-sections -fdata-sections
CFLAGS_san     := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_cov     := -O0 -g --coverage
CFLAGS_fuzz    := -O1 -g -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all
LDFLAGS_san    := -fsanitize=address,undefined
LDFLAGS_cov    := --coverage
LDFLAGS_fuzz   := -fsanitize=address,undefined
CFLAGS_ALL = -std=gnu17 -fPIE $(WARN) $(HARDEN) $(CFLAGS_$(VARIANT)) $(CFLAGS)
LDFLAGS_ALL = -pie -Wl,-z,relro,-z,now,-z,noexecstack $(LDFLAGS_$(VARIANT)) $(LDFLAGS)
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS = $(shell pkg-config --libs $(PKGS))

SRC := $(foreach d,$(FOLDERS),$(wildcard $(d)/*.c))
OBJ := $(SRC:%.c=$(B)/%.o) $(B)/sandbox/init_blob.o
LIB_OBJ := $(filter-out $(B)/entrypoint/main.o,$(OBJ))
LIB := $(B)/libmonopod.a
BIN := $(B)/monopod
INIT := $(B)/sandbox/init/step-init

UNIT_SRC := $(wildcard tests/unit/test_*.c tests/sim/test_*.c)
UNIT := $(UNIT_SRC:%.c=$(B)/%)

.PHONY: all
all: $(BIN)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# step-init: freestanding, no libc, never sanitized; embedded into the program by init_blob.S
$(INIT): $(wildcard sandbox/init/*.c sandbox/init/*.h)
	@mkdir -p $(@D)
	$(call say,INIT,$@)$(CC) -std=gnu17 -O2 -ffreestanding -nostdlib -static -fno-pie -no-pie -fno-stack-protector \
		-fno-asynchronous-unwind-tables -fcf-protection=none -Wall -Wextra -Werror -I. -Iinclude \
		-Wl,--build-id=none,-z,noexecstack,-z,norelro -s -o $@ $(filter %.c,$^)

$(B)/sandbox/init_blob.o: sandbox/init_blob.S $(INIT)
	$(call say,AS,$<)$(CC) -c -Wa,-I$(dir $(INIT)) -o $@ $<

$(LIB): $(LIB_OBJ)
	$(call say,AR,$@)rm -f $@ && ar rcs $@ $(LIB_OBJ)

$(BIN): $(B)/entrypoint/main.o $(LIB)
	$(call say,LD,$@)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS)

$(B)/tests/%: tests/%.c $(LIB)
	@mkdir -p $(@D)
	$(call say,TEST,$<)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS_ALL) -Wno-missing-prototypes -MMD -MP -MF $@.d \
		$(LDFLAGS_ALL) -o $@ $< $(LIB) $(PKG_LIBS) -lcmocka

.PHONY: unit
unit: $(UNIT)
	$(Q)for t in $(UNIT); do echo "== $$t"; $$t || exit 1; done

# one test: make unit-test_num
unit-%: $(B)/tests/unit/%
	$(Q)$<

.PHONY: clean
clean:
	rm -rf build

-include $(OBJ:.o=.d) $(UNIT:%=%.d)
