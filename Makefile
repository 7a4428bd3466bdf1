# Sentinel Stream. One Makefile, non-recursive: it finds commands (cmd/*), rooms (lib/*) and tests by itself.
#
#   make            everything into build/bin
#   make demo       installs what is missing, builds, and runs a whole audit on generated payments
#   make test       installs what is missing, builds, and runs every test      (T='tests/cli/gen.bats' for some)
#   make lint       layers, formatting, banned words, pages
#   make bench      every stage beside a named peer, same input, same run      (B='score' for some)
#   make controls   every control of the dashboard for each role, at each width, in both themes (in make test: once a role)
#   make soak       the dashboard and its server under an hour's payments in ten minutes: does anything grow?
#   make fuzz       each fuzz target for FUZZ_SECONDS (60)
#   make install    DESTDIR= PREFIX=/usr/local; SYSTEMD=yes for the units in scripts/systemd too
#
#   SAN=address,undefined or SAN=thread builds beside the normal build (build-address-undefined, ...).

# What is done in a word and a name; V=1 shows whole command lines.
V       ?= 0
silent   = $(findstring s,$(filter-out --%,$(firstword $(MAKEFLAGS))))
quiet_0  = @$(if $(silent),,printf '  %-5s %s\n' "$(1)" "$(2)";)
say      = $(quiet_$(V))

CC       = gcc
CXX      = g++
PREFIX   = /usr/local
VERSION  = 0.1.0
# Targets that call make again use all processors, unless -j was said.
jobs     = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
comma    = ,
BUILD   ?= build$(if $(SAN),-$(subst $(comma),-,$(SAN)))

# No contraction of floating point (a*b+c in one rounding): the same bytes whatever the compiler schedules.
OPT      = -O2 -g -ffp-contract=off
WARN     = -Wall -Wextra -Werror -Wshadow -Wvla -Wwrite-strings -Wpointer-arith
CFLAGS   = $(OPT) $(WARN) -std=c11 -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
CXXFLAGS = $(OPT) $(WARN) -std=c++17 -fno-exceptions -fno-rtti
CPPFLAGS = -D_GNU_SOURCE -DSS_VERSION='"$(VERSION)"' -Ilib -I. -I$(BUILD)/gen -I/usr/include/postgresql
LDFLAGS  = -Wl,--as-needed
LDLIBS   = -lcurl -lsqlite3 -lpq -lsimdjson -lxxhash -lsodium -ljwt -lwebsockets -lz -lzstd -lcsv -ljq -lm -lpthread -lstdc++
ifdef SAN
OPT      = -O1 -g -ffp-contract=off -fno-omit-frame-pointer -fsanitize=$(SAN) -fno-sanitize-recover=all
LDFLAGS += -fsanitize=$(SAN)
endif

# C++ first: what takes longest shall not be what all else waits for in the end.
lib_src   := $(sort $(wildcard lib/*/*.cc)) $(sort $(wildcard lib/*/*.c))
stage_src := $(sort $(wildcard lib/stage/*.c))
stages    := $(basename $(notdir $(stage_src)))
commands  := $(sort $(patsubst cmd/%/main.c,%,$(wildcard cmd/ss-*/main.c)))
unit_src  := $(sort $(wildcard tests/unit/*.c))
fuzz_src  := $(sort $(wildcard tests/fuzz/*.c))
bench_src := $(sort $(wildcard tests/bench/*.c))
lib_obj   := $(patsubst %,$(BUILD)/%.o,$(basename $(lib_src))) $(BUILD)/gen/stages.o $(BUILD)/gen/routes.o $(BUILD)/gen/embedded.o
bins      := $(addprefix $(BUILD)/bin/,$(commands))
units     := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(unit_src))
benches   := $(patsubst tests/bench/%.c,$(BUILD)/benchbin/%,$(bench_src))
replays   := $(patsubst tests/fuzz/%.c,$(BUILD)/replay/%,$(fuzz_src))
# Shipped files that lie beside the room that reads them and are also embedded: lib/ROOM/*.map, *.features, ...
embeds    := $(sort $(wildcard lib/*/*.map lib/*/*.features lib/*/*.rules lib/*/*.sql))

# The dashboard is one long chain of its own: begun first, it is done beside the compiling, not behind it.
all: $(BUILD)/gen/ui.o $(bins)

# A changed flag rebuilds: the flags are a file that objects depend on, rewritten only when they differ.
flags_now := $(CC) $(CXX) $(CPPFLAGS) $(CFLAGS) $(CXXFLAGS) $(LDFLAGS) $(LDLIBS)
$(shell mkdir -p $(BUILD)/gen; printf '%s\n' '$(subst ','\'',$(flags_now))' | cmp -s - $(BUILD)/gen/flags || \
	printf '%s\n' '$(subst ','\'',$(flags_now))' > $(BUILD)/gen/flags)
# So do a new or a removed stage or shipped file.
$(shell printf '%s\n' '$(stages) $(embeds)' | cmp -s - $(BUILD)/gen/lists || \
	printf '%s\n' '$(stages) $(embeds)' > $(BUILD)/gen/lists)

$(BUILD)/gen/stages.c: $(BUILD)/gen/lists scripts/stage-table
	$(call say,GEN,$@)scripts/stage-table $(stages) > $@.tmp && mv $@.tmp $@
$(BUILD)/gen/routes.c: $(BUILD)/gen/lists $(wildcard lib/web/*.c) scripts/route-table
	$(call say,GEN,$@)scripts/route-table lib/web/*.c > $@.tmp && mv $@.tmp $@
# The API's description: one document out of its groups' parts.
$(BUILD)/gen/web/openapi.json: $(wildcard lib/web/openapi/*.json) scripts/openapi
	@mkdir -p $(@D)
	$(call say,GEN,$@)scripts/openapi lib/web/openapi/*.json > $@.tmp && mv $@.tmp $@
$(BUILD)/gen/embedded.c: $(BUILD)/gen/lists $(embeds) $(BUILD)/gen/web/openapi.json scripts/embed
	$(call say,GEN,$@)scripts/embed $(embeds) $(BUILD)/gen/web/openapi.json > $@.tmp && mv $@.tmp $@

$(BUILD)/%.o: %.c $(BUILD)/gen/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -include base/banned.h $(CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/%.o: %.cc $(BUILD)/gen/flags
	@mkdir -p $(@D)
	$(call say,CXX,$<)$(CXX) $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/gen/%.o: $(BUILD)/gen/%.c $(BUILD)/gen/flags
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/libss.a: $(lib_obj)
	@rm -f $@
	$(call say,AR,$@)$(AR) rcs $@ $(lib_obj)

# The dashboard, bundled and put into ss-serve; beside every build there is one bundle.
ui_src := $(wildcard cmd/ss-serve/ui/*.* cmd/ss-serve/ui/src/*.* cmd/ss-serve/ui/src/*/*.*)
build/gen/ui.S: $(ui_src) scripts/ui scripts/openapi $(wildcard lib/web/openapi/*.json)
	$(call say,UI,$@)scripts/ui build/gen/ui
$(BUILD)/gen/ui.o: build/gen/ui.S
	@mkdir -p $(@D)
	$(call say,AS,$@)$(CC) -c -o $@ $<
extra_ss-serve := $(BUILD)/gen/ui.o

define command_rule
$(BUILD)/bin/$(1): $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard cmd/$(1)/*.c))) $(extra_$(1)) $(BUILD)/libss.a
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(LDLIBS)
endef
$(foreach c,$(commands),$(eval $(call command_rule,$(c))))

$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/libss.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
# Programs that measure a library room beside its peer, for scripts/bench: JSON lines on stdout.
$(BUILD)/benchbin/%: $(BUILD)/tests/bench/%.o $(BUILD)/libss.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
# A fuzz target linked with a driver that replays its corpus: an ordinary test. `make fuzz` links libFuzzer instead.
$(BUILD)/replay/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/tests/fuzz/replay/driver.o $(BUILD)/libss.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# The benchmarks too, which would else rot unseen.
test-build: $(bins) $(units) $(replays) $(benches)

test:
	@scripts/bootstrap build test
	@$(MAKE) $(jobs) --no-print-directory test-build
	@BUILD=$(BUILD) scripts/test $(T)

demo:
	@scripts/bootstrap build
	@$(MAKE) $(jobs) --no-print-directory all
	@BUILD=$(BUILD) scripts/demo

lint:
	@scripts/bootstrap check
	@scripts/lint

bench:
	@scripts/bootstrap build bench
	@$(MAKE) $(jobs) --no-print-directory all $(benches)
	@BUILD=$(BUILD) scripts/bench $(B)

soak:
	@scripts/bootstrap build test
	@$(MAKE) $(jobs) --no-print-directory all
	SOAK=$${SOAK:-600} node tests/ui/soak.mjs

controls:
	@scripts/bootstrap build test
	@$(MAKE) $(jobs) --no-print-directory all
	WHOLE=1 node tests/ui/controls.mjs

fuzz:
	@scripts/bootstrap build check
	@scripts/fuzz $(F)

format:
	clang-format -i $(shell git ls-files '*.c' '*.h' '*.cc')

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man $(DESTDIR)$(PREFIX)/share/sentinel-stream
	install -m 755 $(bins) $(DESTDIR)$(PREFIX)/bin
	for s in 1 5 7; do install -d $(DESTDIR)$(PREFIX)/share/man/man$$s; \
	  install -m 644 man/*.$$s $(DESTDIR)$(PREFIX)/share/man/man$$s; done
	install -m 644 $(embeds) $(DESTDIR)$(PREFIX)/share/sentinel-stream
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	for c in $(commands); do scripts/completion $(BUILD)/bin/$$c \
	  > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$c; done
	[ -z "$(SYSTEMD)" ] || scripts/systemd/install $(DESTDIR)$(PREFIX)/lib/systemd/system $(PREFIX)/bin

# For scripts: the value of a variable.
print-%:
	@echo '$($*)'

clean:
	rm -rf build build-*

.PHONY: all test test-build controls demo lint bench soak fuzz format install clean
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
