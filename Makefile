# The few commands of README.md; the work is in setup/ and tests/.
up:
	@setup/up

down:
	@setup/down

check:
	@tests/run

bench:
	@tests/bench/run

build:
	@setup/compile build

clean:
	rm -rf build build-* tests/report panel/node_modules tests/e2e/browser/node_modules

install:
	@setup/install

uninstall:
	@setup/uninstall

.PHONY: up down check bench build clean install uninstall
