// Command aws is the CDK app: it turns the declarations of package functions
// and the tables of package function into CloudFormation. It names no
// function: what a function declares is what it gets, and nothing more.
//
// The CDK command runs it (cdk.json). It needs node, no network and no
// credentials. docs/operations.md lists the context that it reads.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/fabrique-des-transitions/fabrique/functions"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(&awscdk.AppProps{AnalyticsReporting: jsii.Bool(false)})
	declared := platform{Functions: functions.All, Tables: function.Definitions, Binaries: ".build/lambda"}
	if _, err := declared.build(app); err != nil {
		fmt.Fprintln(os.Stderr, err)
		jsii.Close()
		os.Exit(1)
	}
	app.Synth(nil)
}
