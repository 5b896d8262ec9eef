package main

import (
	"path/filepath"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// What fails without a caller who waits is tried again for an hour: long
// enough for AWS's usual incidents, and for a deployment that broke something
// to be rolled back. What is late by more is better looked at than done, and
// waits in the dead letter queue.
const retrySeconds = 3600

// newUnit makes the place of a function, with its dead letters: all of these
// are there before the first Lambda, as a function may count those of others.
func (a *application) newUnit(f *function.Function) {
	u := &unit{Function: f, scope: constructs.NewConstruct(a.stack, jsii.String(f.Name))}
	if len(f.Schedules)+len(f.Streams)+len(f.Notices) > 0 {
		u.dead = newDeadLetters(u)
	}
	a.units = append(a.units, u)
}

// addLambda makes the Lambda of a function, with its role and log.
//
// X-Ray is off: its rights cannot be bound to a resource, and the logs carry a
// request id through. The log goes with the stack, as it holds nothing that is
// not in the tables; three months let someone look into what a member reports.
func (a *application) addLambda(u *unit, binaries string) {
	f, name := u.Function, jsii.String(prefix+"-"+u.Name)
	log := awslogs.NewLogGroup(u.scope, jsii.String("Log"), &awslogs.LogGroupProps{
		LogGroupName:  jsii.String("/aws/lambda/" + *name),
		Retention:     awslogs.RetentionDays_THREE_MONTHS,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	u.lambda = awslambda.NewFunction(u.scope, jsii.String("Function"), &awslambda.FunctionProps{
		FunctionName: name,
		Description:  jsii.String(f.Purpose),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Architecture: awslambda.Architecture_ARM_64(),
		Handler:      jsii.String("bootstrap"),
		Code:         awslambda.Code_FromAsset(jsii.String(filepath.Join(binaries, f.Name)), nil),
		MemorySize:   jsii.Number(f.Memory),
		Timeout:      awscdk.Duration_Millis(jsii.Number(f.Timeout.Milliseconds())),
		Environment:  a.environment(f),
		Role:         a.newRole(u, log),
		LogGroup:     log,
	})
	a.retryUnattended(u)
}

// environment gives each declared setting the context value of its own name,
// else its default. Nobody can know the default of the public origin: it is
// the domain, or the API's own address. Lambda needs no empty variables.
func (a *application) environment(f *function.Function) *map[string]*string {
	environment := map[string]*string{}
	for _, s := range f.Settings {
		value := a.options.read(s.Name)
		switch {
		case value != "":
		case s.Name == function.PublicURL.Name:
			value = *a.api.origin
		default:
			value = s.Default
		}
		if value != "" {
			environment[s.Name] = jsii.String(value)
		}
	}
	for _, bucket := range f.Buckets {
		environment[bucket.Setting().Name] = a.data.buckets[bucket].BucketName()
	}
	if f.MindsDeadLetters {
		var urls []string
		for _, of := range a.withDeadLetters() {
			urls = append(urls, *of.dead.QueueUrl())
		}
		environment[function.DeadLetterQueues.Name] = jsii.String(strings.Join(urls, " "))
	}
	return &environment
}

// newDeadLetters makes the queue of what a function failed at for good,
// whatever asked for it. It keeps messages for as long as SQS can: 14 days.
func newDeadLetters(u *unit) awssqs.Queue {
	queue := awssqs.NewQueue(u.scope, jsii.String("DeadLetters"), &awssqs.QueueProps{
		QueueName:       jsii.String(prefix + "-" + u.Name + "-dead-letters"),
		Encryption:      awssqs.QueueEncryption_SQS_MANAGED,
		EnforceSSL:      jsii.Bool(true),
		RetentionPeriod: awscdk.Duration_Days(jsii.Number(14)),
	})
	accept(queue, "AwsSolutions-SQS3", "This queue is itself where dead letters go, and an alarm watches it.")
	return queue
}

// retryUnattended says what becomes of schedules, notices and letters run again
// that fail. All are handed to Lambda's own queue, so that who handed them over
// hears of no error: Lambda runs them three times in all, its most, and then
// writes to the dead letters
// (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html).
func (a *application) retryUnattended(u *unit) {
	if u.dead == nil {
		return
	}
	awslambda.NewCfnEventInvokeConfig(u.scope, jsii.String("Retries"), &awslambda.CfnEventInvokeConfigProps{
		FunctionName:             u.lambda.FunctionName(),
		Qualifier:                jsii.String("$LATEST"),
		MaximumRetryAttempts:     jsii.Number(2),
		MaximumEventAgeInSeconds: jsii.Number(retrySeconds),
		DestinationConfig: &awslambda.CfnEventInvokeConfig_DestinationConfigProperty{
			OnFailure: &awslambda.CfnEventInvokeConfig_OnFailureProperty{Destination: u.dead.QueueArn()},
		},
	})
}
