# make run and make test are all that a new machine needs; the rest follows.

ENGINE   ?= dynoxide
PACKAGES ?= ./...
PORT     := 8080
URL      := http://127.0.0.1:$(PORT)
LINT   := .tools/golangci-lint
LINT_VERSION := v2.15.0
JAVA_ENGINE := .tools/dynamodb-local
PYTHON := .tools/python
OAI_SCHEMAS := .tools/oai-schemas
FUNCTIONS := $(notdir $(patsubst %/lambda/main.go,%,$(wildcard functions/*/lambda/main.go)))

.PHONY: run test lint generate build synth deploy bench invoke webhook tools clean help

help: ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

run: node_modules ## start the platform on this computer; make run ARGS="--data ./data"
	go run ./infra/local $(ARGS)

test: node_modules $(if $(filter dynamodb-local,$(ENGINE)),$(JAVA_ENGINE)) ## all tests; ENGINE=dynamodb-local for Amazon's engine
	FABRIQUE_ENGINE=$(ENGINE) go test -timeout 30m $(PACKAGES)

lint: $(LINT)/$(LINT_VERSION)/golangci-lint ## formatting and linters
	$< run ./...

bench: node_modules ## benchmarks
	go test -run '^$$' -bench . -benchmem ./shared/... ./functions/...

generate: ## write again what is made from the declarations
	go generate ./functions

build: ## the bootstrap of each function, as Lambda runs them
	@for name in $(FUNCTIONS); do \
		CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build -trimpath -ldflags='-s -w' -tags lambda.norpc \
			-o .build/lambda/$$name/bootstrap ./functions/$$name/lambda || exit 1; \
	done

synth: build node_modules ## the CloudFormation templates, without account nor network
	node_modules/.bin/cdk synth --quiet

deploy: build node_modules ## bring it up in the account of the shell's credentials (docs/operations.md)
	node_modules/.bin/cdk deploy --all

invoke: ## send a sample to a running host (PORT= or URL= of another): make invoke FUNCTION=notify SAMPLE=schedule-retry-mails
	curl --fail-with-body -sS -d @events/samples/$(SAMPLE).json $(URL)/_dev/invoke/$(FUNCTION)

webhook: ## send a partner's message to a running host (PORT= or URL= of another): make webhook PARTNER=occitanie FILE=events/samples/webhook-occitanie-snapshot.json
	@FABRIQUE_URL=$(URL)/v1/webhooks/$(PARTNER) \
	FABRIQUE_SECRET=$$(curl --fail-with-body -sS $(URL)/_dev/partners/$(PARTNER) | sed 's/.*"secret":"\([^"]*\)".*/\1/') \
	go run ./functions/partner/examples/go $(FILE)

tools: node_modules $(JAVA_ENGINE) $(LINT)/$(LINT_VERSION)/golangci-lint ## fetch all tools, to work without a network

node_modules: package.json package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

# A Python that can run the partners' example, and read what we write with
# other programs than ours.
$(PYTHON): tests/requirements.txt
	python3 -m venv $@
	$@/bin/pip install -q -r $<
	@touch $@

# The schemas of OAI-PMH and Dublin Core, of a Debian package that holds them.
$(OAI_SCHEMAS):
	rm -rf $@.part && mkdir -p $@.part
	cd $@.part && apt-get -qq download python3-gavo && dpkg -x python3-gavo_*.deb .
	mv $@.part/usr/lib/python3/dist-packages/gavo/resources/schemata $@
	rm -rf $@.part

$(JAVA_ENGINE): infra/local/dynamodb-local/pom.xml
	mvn -q -B -f $< dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=$(CURDIR)/$@
	@touch $@

$(LINT)/$(LINT_VERSION)/golangci-lint:
	GOBIN=$(CURDIR)/$(@D) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

clean: ## remove what was built and fetched
	rm -rf .build .tools cdk.out node_modules
