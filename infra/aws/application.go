package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// application is the stack of everything that can be made again.
type application struct {
	stack   awscdk.Stack
	data    *data
	options options
	alarms  alarms
	mail    *mail // nil without a domain, or when no function sends
	api     api
	group   *string // name of the schedules' group
	units   []*unit
}

// unit is one function as it stands in the application's stack.
type unit struct {
	*function.Function
	scope  constructs.Construct
	lambda awslambda.Function
	// dead holds what failed for good; nil for a function that only answers
	// requests, whose callers see the failure themselves.
	dead awssqs.Queue
}

func newApplication(app awscdk.App, p platform, data *data, options options) *application {
	a := &application{
		stack: awscdk.NewStack(app, jsii.String("Fabrique"), &awscdk.StackProps{
			Description: jsii.String("Fabrique: functions, routes, schedules, streams and alarms"),
		}),
		data: data, options: options,
	}
	a.alarms = newAlarms(a.stack, options.AlarmEmail)
	a.mail = a.newMail(p.Functions)
	a.api = a.newAPI()
	a.group = a.newScheduleGroup(p.Functions)
	for _, f := range p.Functions {
		a.newUnit(f)
	}
	for _, u := range a.units {
		a.addLambda(u, p.Binaries)
		a.addRoutes(u)
		a.addSchedules(u)
		a.addStreams(u)
		a.addNotices(u)
		a.watchFunction(u)
	}
	a.watchTables(p.Tables)
	a.warnOfCrowdedStreams(p.Functions)
	return a
}

// withDeadLetters are the functions that have a queue of them.
func (a *application) withDeadLetters() (units []*unit) {
	for _, u := range a.units {
		if u.dead != nil {
			units = append(units, u)
		}
	}
	return units
}

// arn is the ARN of something in this stack's account and region, "/" between
// kind and name.
func (a *application) arn(service, kind, name string) *string {
	return a.stack.FormatArn(&awscdk.ArnComponents{
		Service: jsii.String(service), Resource: jsii.String(kind), ResourceName: jsii.String(name),
	})
}

func (a *application) output(name, description string, value *string) {
	awscdk.NewCfnOutput(a.stack, jsii.String(name), &awscdk.CfnOutputProps{
		Description: jsii.String(description), Value: value,
	})
}
