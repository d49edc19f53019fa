# Entry points for people and for CI; each target is one line of `make help`.
# Must not hold logic: the steps live in cargo and in vm-tests/harness.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test check deps lint unit nix scenarios scenario power-cuts soak bench fuzz build install deb release reproducible deny generate docs clean host

# The system's python: it is the one that Debian's pytest belongs to.
PYTHON := PYTHONPATH=vm-tests PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3
PYTEST := $(PYTHON) -m pytest
TARGET_DIR = $(or $(CARGO_TARGET_DIR),target)
# Found without rustc, which sudo has not on its PATH.
AGENT = $(firstword $(wildcard $(TARGET_DIR)/$(shell uname -m)-*/release/first-boot-agent) \
  $(TARGET_DIR)/$(shell uname -m)-unknown-linux-gnu/release/first-boot-agent)
# Beside the agent, unless that was built alone.
TOPOLOGY = $(wildcard $(dir $(AGENT))first-boot-topology)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## boot three nodes, let a fourth join, show what happens (SERVICES=etcd: a real etcd, MODE=loopback: without namespaces, RECORD=FILE: an SVG of it)
	@vm-tests/harness/host.sh $(if $(filter loopback,$(MODE)),loopback,demo)
	@exec env $(PYTHON) -m harness.demo $(MODE) $(if $(SERVICES),'--services=$(SERVICES)') $(if $(RECORD),'--record=$(RECORD)')

test: host ## everything: format, lints, Rust tests, harness tests, scenarios; ends with counts and times
	@exec env $(PYTHON) -m harness.everything

# The integration tests that start servers of a cluster; `make unit` runs them as well. What is not named here is quick.
SERVER_TESTS = busy_over_tls cluster_over_tls delivery_over_tls diagnose etcd_% faults_on_the_way faults_table storm \
  toy_protocol trust trust_rotation trust_words
QUICK_TESTS = $(addprefix --test=,$(filter-out $(SERVER_TESTS),$(sort $(basename $(notdir $(wildcard \
  agent/tests/*.rs agent/config/tests/*.rs agent/output/tests/*.rs agent/fuzz/tests/*.rs topology/tests/*.rs))))))

check: lint ## the inner loop: format, lints, and the Rust tests that start no server of a cluster
	@# Many of them wait for a limit to pass, so more run at a time than there are processors.
	RUST_TEST_THREADS=4 cargo test --quiet --workspace --lib --bins $(QUICK_TESTS) -- --skip etcd_crash

deps: ## install what is missing for all of this, and nothing else
	@vm-tests/harness/host.sh

lint: ## format and lints, of Rust and of the scripts
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	$(PYTHON) -m harness.lint

unit: ## the Rust tests; need neither root nor systemd
	cargo test --workspace

nix: host ## what can be proven of the Nix files without nixpkgs (NIXPKGS_LIB=…/lib: the modules as well)
	@$(PYTEST) -rs vm-tests/harness/tests -k test_nix

scenarios: host ## all scenarios on nspawn nodes (SUITE=trixie: on a newer systemd)
	@$(PYTEST) -rs vm-tests/scenarios

scenario: host ## one scenario, with its steps: make scenario NAME=three-node-bootstrap
	@test -d "vm-tests/scenarios/$(NAME)" -a -n "$(NAME)" || \
	  { echo "NAME is one of:" $$(cd vm-tests/scenarios && echo *); exit 2; }
	@$(PYTEST) -rs -s vm-tests/scenarios/$(NAME)

build: ## the static release binaries
	cargo build --release --package first-boot-agent --package first-boot-topology

# The drop-ins of 254/ hold settings that older versions would warn about. The version is in the name of systemd's library below
# DESTDIR, wherever the distribution puts it; else it is that of the host, where nothing is staged; or said: SYSTEMD_VERSION=260.
SYSTEMD_LIBRARIES = $(notdir $(wildcard $(patsubst %,$(DESTDIR)%/systemd/libsystemd-shared-*.so, \
  /usr/lib /usr/lib/* /usr/lib64 /usr/libexec /lib /lib/* /lib64)))
SYSTEMD_VERSION = $(or $(shell printf '%s\n' $(SYSTEMD_LIBRARIES) | sed -n 's/.*shared-\([0-9]*\).*/\1/p' | sort -n | tail -n 1), \
  $(if $(DESTDIR),,$(shell systemctl --version 2>/dev/null | sed -n '1s/^systemd \([0-9]*\).*/\1/p')),0)
UNITS = $(wildcard $(addprefix agent/systemd/*.,service path target timer))
DROP_INS = $(wildcard agent/systemd/*.d) $(shell [ "$(SYSTEMD_VERSION)" -ge 254 ] 2>/dev/null && echo agent/systemd/254/*.d)
# What one of them was called; left behind, it would take the LoadCredential= of other drop-ins.
FORMER_DROP_IN = 00-encrypted-credentials.conf
SYSTEMD_DIR = $(DESTDIR)/usr/lib/systemd
UNIT_DIR = $(SYSTEMD_DIR)/system

# Where each shell looks; Debian's zsh looks elsewhere than others.
PACKAGING = agent/packaging
BASH_DIR = /usr/share/bash-completion/completions
FISH_DIR = /usr/share/fish/vendor_completions.d
ZSH_DIR = /usr/share/zsh/$(if $(wildcard $(DESTDIR)/etc/debian_version),vendor-completions,site-functions)

install: ## copy binaries, units, preset, catalog, man pages and completions below DESTDIR (build first)
	@[[ "$(SYSTEMD_VERSION)" =~ ^[0-9]+$$ ]] || { \
	  echo "SYSTEMD_VERSION=$(SYSTEMD_VERSION) is no version; give a number, as SYSTEMD_VERSION=254" >&2; exit 2; }
	@test -x "$(AGENT)" || { echo "$(AGENT) is missing; run make build first" >&2; exit 1; }
	install -D --mode=0755 "$(AGENT)" "$(DESTDIR)/usr/bin/first-boot-agent"
	$(if $(TOPOLOGY),install -D --mode=0755 "$(TOPOLOGY)" "$(DESTDIR)/usr/bin/first-boot-topology")
	install -D --mode=0644 --target-directory="$(UNIT_DIR)" $(UNITS)
	rm --force $(patsubst agent/systemd/254/%,"$(UNIT_DIR)"/%/$(FORMER_DROP_IN),$(wildcard agent/systemd/254/*.d))
	for folder in $(DROP_INS); do \
	  install -D --mode=0644 --target-directory="$(UNIT_DIR)/$$(basename $$folder)" $$folder/*.conf; done
	install -D --mode=0644 --target-directory="$(SYSTEMD_DIR)/system-preset" $(wildcard agent/systemd/preset/*.preset)
	install -D --mode=0644 --target-directory="$(SYSTEMD_DIR)/catalog" $(wildcard agent/catalog/*.catalog)
	install -D --mode=0644 --target-directory="$(DESTDIR)/usr/share/man/man1" $(wildcard $(PACKAGING)/man/*.1)
	install -D --mode=0644 --target-directory="$(DESTDIR)$(BASH_DIR)" $(wildcard $(PACKAGING)/completions/bash/*)
	install -D --mode=0644 --target-directory="$(DESTDIR)$(FISH_DIR)" $(wildcard $(PACKAGING)/completions/fish/*)
	install -D --mode=0644 --target-directory="$(DESTDIR)$(ZSH_DIR)" $(wildcard $(PACKAGING)/completions/zsh/*)
	@[ $(SYSTEMD_VERSION) -ne 0 ] || echo "no systemd below $(DESTDIR): agent/systemd/254 is left out;" \
	  "for systemd 254 and later say SYSTEMD_VERSION=254" >&2

DEB_DIR = target
DEB_REVISION = 1
deb: ## the Debian package target/first-boot-agent_VERSION-1_ARCH.deb (build first)
	@test -x "$(AGENT)" || { echo "$(AGENT) is missing; run make build first" >&2; exit 1; }
	@$(PACKAGING)/deb.sh "$(AGENT)" "$(DEB_DIR)" "$(DEB_REVISION)"

release: ## of the commit that is checked out: binaries, package, checksums, SBOM and licences, in target/release-VERSION
	@$(PACKAGING)/release.sh

reproducible: ## build the commit that is checked out twice, in two folders, and compare the bytes
	@$(PACKAGING)/release.sh twice

deny: ## bans, licences and sources of all crates, as in make test, and advisories, which need the network (deny.toml)
	@$(PYTHON) -m harness.deny

power-cuts: host ## agents killed and nodes cut off in the middle: RUNS=50, or CASES="join-chainfire:8:power …" (SERVICES=etcd: joins of etcd)
	@exec env $(PYTHON) -m harness.power_cuts $(SERVICES) $(or $(CASES),$(RUNS))

soak: host ## a cluster's whole life again and again, for MINUTES=10
	@exec env $(PYTHON) -m harness.soak $(MINUTES)

bench: host ## the agent beside the baseline script, on the same nodes in one run (ONLY=storm: the storm, ONLY=initrd: the initrd's stage, ONLY=start: the start of the joiner, ONLY=topology: thousands of nodes, ONLY=etcd: joins of etcd, ONLY=etcd-at-once: ten of them at once)
	@exec env $(PYTHON) -m harness.bench $(ONLY)

fuzz: host ## search for bytes that break what reads them (TARGET=config SECONDS=3600; KEEP=1 reduces what was found)
	@exec env $(PYTHON) -m harness.fuzz "$(TARGET)" "$(SECONDS)" "$(KEEP)"

generate: ## write the files that come from the code: catalog, schema, reference pages
	GENERATE=1 cargo test --quiet --package first-boot-agent --package first-boot-topology --test generated
	$(PYTHON) -m harness.failure_modes
	$(PYTHON) -m harness.promises
	$(PYTHON) -m harness.nix_options

docs: ## build the book in docs/book (installs mdbook with cargo where it is missing)
	@command -v mdbook >/dev/null || cargo install --locked mdbook
	mdbook build docs

clean: ## remove what was built, and the cached root file systems
	rm -rf target

# What the targets above ask for first.
host: deps
