# hone: `make demo` and `make check` do everything on a fresh Debian 12. See README.md.

BUILD = build
PYTHON = $(if $(wildcard .venv/bin/python),.venv/bin/python,python3)

.PHONY: all setup demo check fast lint tidy sanitize install bench-search clean

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

%/build.ninja:
	@command -v meson >/dev/null || { echo "hone's build needs meson and more: run scripts/setup"; exit 1; }
	meson setup $*

setup:
	@scripts/setup

# Tune a small network on handwritten digits, and show what came out.
demo: setup
	@$(MAKE) --no-print-directory all
	@scripts/demo

# Set up, build with gcc, clang and sanitizers, run all tests.
check: setup
	@$(PYTHON) scripts/check

# The tests that take seconds, on the ordinary build.
fast: setup
	@$(PYTHON) scripts/check fast

lint: setup
	@$(PYTHON) scripts/check lint

# Slow, so it isn't part of check.
tidy: all
	run-clang-tidy -quiet -p $(BUILD) '(engine|tuner)/.*\.c$$'

# Address and undefined-behaviour sanitizers, all tests.
sanitize: setup
	@$(PYTHON) scripts/check sanitize

# meson's own prefix (/usr/local) unless PREFIX is given; DESTDIR works too.
install:
	meson setup build-release -Db_ndebug=true $(if $(PREFIX),--prefix=$(PREFIX)) \
		$(if $(wildcard build-release/build.ninja),--reconfigure)
	meson install -C build-release

bench-search: all
	bench/search.sh

clean:
	rm -rf build build-*
