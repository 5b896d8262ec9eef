package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// prefix begins the physical names that operators meet: fabrique-booking.
const prefix = "fabrique"

// platform is what both stacks are made from.
type platform struct {
	Functions []*function.Function
	Tables    []function.Definition
	Binaries  string // folder that holds NAME/bootstrap for each function
}

// stacks are the two stacks. What cannot be made again, tables and keys,
// stands apart from what can: code, routes and alarms may be rolled back,
// replaced or deleted without a hand near the data, and only the data's stack
// is protected against termination.
type stacks struct{ Data, Application awscdk.Stack }

// options are what someone who deploys chooses, by CDK context; all may be empty.
type options struct {
	Domain      string // "alliance.example.org": public origin, and domain that mails come from
	Certificate string // ARN of the domain's ACM certificate, in the stack's region
	AlarmEmail  string // who is told of alarms
	node        constructs.Node
}

// read returns a context value, empty when it is not given.
func (o options) read(key string) string {
	value, _ := o.node.TryGetContext(jsii.String(key)).(string)
	return value
}

func readOptions(app awscdk.App) (options, error) {
	o := options{node: app.Node()}
	o.Domain, o.Certificate, o.AlarmEmail = o.read("domain"), o.read("certificate"), o.read("alarmEmail")
	if (o.Domain == "") != (o.Certificate == "") {
		return o, errors.New("context: domain and certificate go together (docs/operations.md)")
	}
	return o, nil
}

// build adds both stacks to the app, and the AwsSolutions checks of cdk-nag,
// whose findings are annotations: `cdk synth` fails on them, and so do the tests.
func (p platform) build(app awscdk.App) (stacks, error) {
	options, err := readOptions(app)
	if err != nil {
		return stacks{}, err
	}
	for _, f := range p.Functions {
		if _, err := os.Stat(filepath.Join(p.Binaries, f.Name, "bootstrap")); err != nil {
			return stacks{}, fmt.Errorf("function %s is not built, run \"make build\" first: %w", f.Name, err)
		}
	}
	data := newData(app, p)
	application := newApplication(app, p, data, options)
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(nil), nil)
	return stacks{data.stack, application.stack}, nil
}

// accept silences one rule of cdk-nag on a construct and what it is made of,
// with the reason in a sentence.
func accept(construct constructs.IConstruct, rule, reason string) {
	cdknag.NagSuppressions_AddResourceSuppressions(construct,
		&[]*cdknag.NagPackSuppression{{Id: jsii.String(rule), Reason: jsii.String(reason)}}, jsii.Bool(true))
}
