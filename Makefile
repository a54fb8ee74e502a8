# libpq-porcelain: build, check, install.
#
#   make                  the library, headers, libpq.pc and pg_config, under target/
#   make demo             stock psql, pgbench and pg_dump on it (DSN=... for your own server)
#   make test             everything that proves it, on PostgreSQL 15 and 18
#   make test-long        many random cases, reference and ours compared (PQP_SEED=, PQP_CASES=)
#   make interop          drivers and servers of others, not changed, on it and on the reference
#   make bench            what everything costs, against libpq's own builds (bench-quick: 3 minutes)
#   make install PREFIX=/usr/local DESTDIR=
#
# Overridable: CARGO CC PROFILE PREFIX DESTDIR LIBDIR INCLUDEDIR

CARGO ?= cargo
CC ?= cc
CXX ?= c++
# One value for all that is started from here: with another one cargo builds the C parts of its crates anew.
export CC CXX
LD ?= ld
OBJCOPY ?= objcopy
PROFILE ?= release
PREFIX ?= /usr/local
DESTDIR ?=
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include

# The versions are stated in src/capi/version.rs and Cargo.toml, and only there.
MAJOR := $(shell sed -n '/macro_rules! libpq_major/,/};/s/^ *\([0-9][0-9]*\)$$/\1/p' src/capi/version.rs)
MINOR := $(shell sed -n '/macro_rules! libpq_minor/,/};/s/^ *\([0-9][0-9]*\)$$/\1/p' src/capi/version.rs)
VERSION := $(MAJOR).$(MINOR)
PACKAGE_VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)

TARGET := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)
BUILT := $(TARGET)/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))
# What `make` gives: laid out as it will be installed.
OUT := $(TARGET)/libpq-$(PROFILE)

SONAME := libpq.so.5
REALNAME := $(SONAME).$(MAJOR)
HEADERS := libpq-fe.h libpq-events.h pqexpbuffer.h postgres_ext.h pg_config_ext.h libpq-porcelain.h
SOURCES := Cargo.toml Cargo.lock .cargo/config.toml build.rs $(shell find src -type f)

.DELETE_ON_ERROR:
.PHONY: all check lint bench bench-quick bench-growth bench-rows bench-connect c-check diff-check tls-check waiting-check ports-check header header-check symbols-check install clean test test-long sanitize demo interop

all: $(OUT)/lib/libpq.so $(OUT)/lib/libpq.a $(OUT)/include/.done \
	$(OUT)/lib/pkgconfig/libpq.pc $(OUT)/bin/pg_config

$(OUT)/.built: $(SOURCES)
	$(CARGO) build --lib --profile $(PROFILE)
	@mkdir -p $(OUT)
	@touch $@

$(OUT)/lib/libpq.so: $(OUT)/.built
	@mkdir -p $(OUT)/lib
	cp $(BUILT)/libpq.so $(OUT)/lib/$(REALNAME)
	ln -sf $(REALNAME) $(OUT)/lib/$(SONAME)
	ln -sf $(SONAME) $@

# cargo's archive carries all of Rust's library, with names that clash in a program that has its
# own: make it one object that shows only what the shared library exports.
$(OUT)/lib/libpq.a: $(OUT)/lib/libpq.so
	nm -D --defined-only $(OUT)/lib/libpq.so | awk '{ print $$3 }' >$(OUT)/public.txt
	$(LD) -r --force-group-allocation --gc-sections \
		$$(sed 's/^/-u /' $(OUT)/public.txt) -o $(OUT)/all.o $(BUILT)/libpq.a
	$(OBJCOPY) -R .llvmbc -R .llvmcmd --keep-global-symbols=$(OUT)/public.txt $(OUT)/all.o
	$(OBJCOPY) --strip-unneeded $(OUT)/all.o
	rm -f $@
	ar crs $@ $(OUT)/all.o
	rm -f $(OUT)/all.o $(OUT)/public.txt

$(OUT)/include/.done: $(addprefix include/,$(HEADERS)) include/libpq/libpq-fs.h
	@mkdir -p $(OUT)/include/libpq
	cp $(addprefix include/,$(HEADERS)) $(OUT)/include/
	cp include/libpq/libpq-fs.h $(OUT)/include/libpq/
	@touch $@

FILL = sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@LIBDIR@|$(LIBDIR)|g' \
	-e 's|@INCLUDEDIR@|$(INCLUDEDIR)|g' -e 's|@VERSION@|$(VERSION)|g' \
	-e 's|@PACKAGE_VERSION@|$(PACKAGE_VERSION)|g' -e 's|@CC@|$(CC)|g' \
	-e 's|@CONFIGURE@|--prefix=$(PREFIX)|g'

# FORCE: what these say depends on PREFIX and its like, which are no files.
FORCE:
$(OUT)/lib/pkgconfig/libpq.pc: pkgconfig/libpq.pc.in FORCE
	@mkdir -p $(@D)
	@$(FILL) $< >$@

# pg_config moves with the tree it is in, so the one under target/ answers for target/.
$(OUT)/bin/pg_config: pkgconfig/pg_config.in FORCE
	@mkdir -p $(@D)
	@$(FILL) $< >$@
	@chmod 755 $@

# The command-line client: not part of `all`, for it is linked anew with all of the library in it.
$(OUT)/bin/pqp: $(SOURCES)
	$(CARGO) build --bin pqp --profile $(PROFILE)
	@mkdir -p $(@D)
	cp $(BUILT)/pqp $@

install: all $(OUT)/bin/pqp
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR)/libpq $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(OUT)/lib/$(REALNAME) $(DESTDIR)$(LIBDIR)/$(REALNAME)
	ln -sf $(REALNAME) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libpq.so
	install -m 644 $(OUT)/lib/libpq.a $(DESTDIR)$(LIBDIR)/libpq.a
	install -m 644 $(addprefix include/,$(HEADERS)) $(DESTDIR)$(INCLUDEDIR)/
	install -m 644 include/libpq/libpq-fs.h $(DESTDIR)$(INCLUDEDIR)/libpq/
	$(FILL) pkgconfig/libpq.pc.in >$(DESTDIR)$(LIBDIR)/pkgconfig/libpq.pc
	$(FILL) pkgconfig/pg_config.in >$(DESTDIR)$(PREFIX)/bin/pg_config
	chmod 644 $(DESTDIR)$(LIBDIR)/pkgconfig/libpq.pc
	chmod 755 $(DESTDIR)$(PREFIX)/bin/pg_config
	install -m 755 $(OUT)/bin/pqp $(DESTDIR)$(PREFIX)/bin/pqp

# Format, lints, unit tests, the rules of the house: needs no server and no network.
check: lint header-check symbols-check
	$(CARGO) test --lib --test house

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings

header:
	UPDATE_HEADER=1 $(CARGO) test --quiet --test header_fresh

header-check:
	$(CARGO) test --quiet --test header_fresh

# SONAME, nodelete and the names and kinds of all symbols; installs into a scratch place and
# builds against it.
symbols-check: all
	tests/symbols.sh $(OUT)
	CARGO='$(CARGO)' CC='$(CC)' tests/install.sh $(OUT) $(PROFILE)

# The C programs: our headers and library against the reference's.
c-check: all
	CC='$(CC)' CXX='$(CXX)' tests/setup/with_reference.sh \
		c-tests/check_abi.sh include $(OUT)/lib @REFERENCE@ $(TARGET)/c-tests

# The same unmodified programs on the reference and on ours, on PostgreSQL 15 and 18.
diff-check: all
	PROFILE=$(PROFILE) tests/setup/with_servers.sh tests/consumers.sh $(OUT)/lib

# TLS on real servers, from records of every size, and what the C functions say about it, all
# against the reference.
tls-check: all
	PQP_LIB=$(abspath $(OUT)/lib/$(SONAME)) tests/setup/with_servers.sh tests/tls/check.sh

# FreeBSD and macOS, as far as a compiler can tell from here.
ports-check:
	CARGO='$(CARGO)' CC='$(CC)' tests/ports.sh $(TARGET)

# Connecting in programs that wait by loops of their own, in networks of dead, silent and slow hosts that the test makes
# (as root); ONLY= for some of it.
waiting-check: all
	CC='$(CC)' PQP_LIB=$(abspath $(OUT)/lib/$(SONAME)) tests/setup/with_servers.sh \
		tests/waiting.sh include $(OUT)/lib $(ONLY)

# How long connecting takes there, ours and the reference in one run.
bench-connect: all
	CC='$(CC)' PQP_LIB=$(abspath $(OUT)/lib/$(SONAME)) tests/setup/with_servers.sh \
		tests/waiting.sh include $(OUT)/lib --bench

# What everything costs, against libpq's own builds: tests/bench/. ONLY="rows exec" for some of the
# workloads; KEEP=DIR keeps callgrind's files. The results stay in $(TARGET)/bench.json; UPDATE_README=1
# puts the table into README.md and renews its chart.
BENCH = CC='$(CC)' PQP_LIB=$(abspath $(OUT)/lib/$(SONAME)) tests/setup/with_servers.sh tests/bench/bench.sh
PUBLISH = $(if $(UPDATE_README),--svg tests/bench/$(1).svg --readme README.md)

bench: all
	tests/setup/prepare.sh >/dev/null
	$(BENCH) run.py --json $(TARGET)/bench.json $(call PUBLISH,bench) $(ONLY)

# What grows with the size and what must not; UPDATE_README=1 likewise.
bench-growth: all
	tests/setup/prepare.sh >/dev/null
	$(BENCH) growth.py --json $(TARGET)/growth.json $(call PUBLISH,growth) $(ONLY)

# The same in less than three minutes: smaller sizes, and one of libpq's builds.
bench-quick: all
	$(BENCH) run.py --quick --json $(TARGET)/bench-quick.json $(ONLY)

# Fails when a row costs more instructions than with libpq, or an allocation; by the calls for many rows, too.
bench-rows: all
	$(BENCH) run.py --quick --gate rows rows_by_values copy_out_by_rows copy_in_by_pieces

# First what is missing on this machine, the compiler included.
test:
	tests/setup/prepare.sh >/dev/null
	$(MAKE) check
	$(MAKE) c-check
	rm -rf $(TARGET)/tmp/reference
	PQP_LIB=$(abspath $(OUT)/lib/$(SONAME)) tests/setup/with_servers.sh \
		$(CARGO) test --no-fail-fast
	$(CARGO) test --test messages -- --ignored
	$(CARGO) test --features tls,gssapi --test config_expected
	$(MAKE) diff-check
	$(MAKE) tls-check
	$(MAKE) waiting-check
	$(MAKE) ports-check
	$(MAKE) bench-rows
	$(MAKE) sanitize

# The C programs under valgrind and the sanitizers.
sanitize:
	CC='$(CC)' tests/setup/with_servers.sh tests/sanitize.sh

# A quarter of an hour, with a new seed each time; a difference is printed with its seed.
PQP_SEED ?= clock
PQP_CASES ?= 10000
test-long:
	tests/setup/prepare.sh >/dev/null
	$(MAKE) --no-print-directory all
	PQP_LIB=$(abspath $(OUT)/lib/$(SONAME)) PQP_SEED=$(PQP_SEED) PQP_CASES=$(PQP_CASES) \
		tests/setup/with_servers.sh $(CARGO) test --no-fail-fast --test generative --test fuzz_decoders

demo:
	tests/setup/prepare.sh 18 >/dev/null
	$(MAKE) --no-print-directory all
	tests/demo/demo.sh $(OUT)/lib

# Drivers, tools and the server's own clients: what passes on the reference must pass on ours.
# ONLY="psycopg2 gdal" for some (tests/interop.sh DIR --list names them); UPDATE_README=1 puts the
# table into README.md.
interop: all
	CC='$(CC)' CXX='$(CXX)' tests/interop.sh $(OUT)/lib $(ONLY)

clean:
	$(CARGO) clean
