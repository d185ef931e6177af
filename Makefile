# `make run` and `make test` are all a newcomer needs.
# Each needs `setup`, which is quick once everything is in place.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: help setup system-libraries run test lint bench docs screenshots translations

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 12

system-libraries:
	@installer/bootstrap.sh

$(STAMP): pyproject.toml constraints.txt | system-libraries
	@echo "Making .venv with the pinned versions. The first time this takes minutes."
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet "$$(grep '^torch==' constraints.txt)"
	$(BIN)/pip install --quiet -c constraints.txt -e '.[train,evaluate,dev]'
	touch $(STAMP)

setup: system-libraries $(STAMP)  ## make .venv with the pinned versions

run: setup  ## open the app; without a display, render a demo take into takes/demo
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" != Linux ]; then \
		exec $(BIN)/tunedial; \
	fi; \
	$(BIN)/tunedial generate "classic rock, electric guitar, piano, drums" --set energy=4 --seed 7 --out takes/demo && \
	echo "There is no display here, so this was a demo: listen to takes/demo/base.wav and takes/demo/tuned.wav." && \
	echo "Make your own: $(BIN)/tunedial generate \"jazz, piano, double bass, drums\""

test: setup lint  ## lint, types, contracts and tests
	@installer/bootstrap.sh tests
	$(BIN)/pytest -q

lint: setup  ## ruff, mypy and the import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup  ## how fast the starter plays here
	$(BIN)/tunedial bench starter

docs: setup  ## write docs/cli.md from the commands
	$(BIN)/python -m docs.cli_reference

screenshots: setup  ## picture every state of the window into docs/screenshots
	$(BIN)/python -m docs.screenshots

translations: setup  ## collect the window's texts into desktop/translations/tunedial.ts
	@mkdir -p desktop/translations
	$(BIN)/pyside6-lupdate -silent -no-obsolete -locations none -tr-function-alias tr+=mark \
		$$(git ls-files 'desktop/*.py') -ts desktop/translations/tunedial.ts
