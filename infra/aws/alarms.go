package main

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/jsii-runtime-go"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// alarms tell one topic. docs/operations.md says what to do for each.
type alarms struct {
	stack awscdk.Stack
	tell  awscloudwatch.IAlarmAction
}

// newAlarms makes the encrypted topic that alarms speak to. The key is the
// stack's own because CloudWatch may not use the one that AWS manages for SNS
// (https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html).
func newAlarms(stack awscdk.Stack, email string) alarms {
	cloudWatch := &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil)}
	key := awskms.NewKey(stack, jsii.String("AlarmKey"), &awskms.KeyProps{
		Description: jsii.String("Encrypts alarms on their way"), EnableKeyRotation: jsii.Bool(true),
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: cloudWatch, Actions: jsii.Strings("kms:Decrypt", "kms:GenerateDataKey"),
		Resources: jsii.Strings("*"), // in a key's policy: this key
	}), nil)
	topic := awssns.NewTopic(stack, jsii.String("Alarms"), &awssns.TopicProps{
		DisplayName: jsii.String("Fabrique, alarmes"), MasterKey: key, EnforceSSL: jsii.Bool(true),
	})
	ours := stack.FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("cloudwatch"), Resource: jsii.String("alarm"), ResourceName: jsii.String(prefix + "-*"),
		ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
	})
	topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: cloudWatch, Actions: jsii.Strings("sns:Publish"),
		Resources:  &[]*string{topic.TopicArn()},
		Conditions: &map[string]interface{}{"ArnLike": map[string]*string{"aws:SourceArn": ours}},
	}))
	if email != "" {
		awssns.NewCfnSubscription(stack, jsii.String("AlarmEmail"), &awssns.CfnSubscriptionProps{
			TopicArn: topic.TopicArn(), Protocol: jsii.String("email"), Endpoint: jsii.String(email),
		})
	}
	return alarms{stack, awscloudwatchactions.NewSnsAction(topic)}
}

// raise makes the alarm "fabrique-NAME" for a metric that reaches the threshold.
func (a alarms) raise(name, meaning string, threshold float64, metric awscloudwatch.IMetric) {
	alarm := awscloudwatch.NewAlarm(a.stack, jsii.String("Alarm-"+name), &awscloudwatch.AlarmProps{
		AlarmName: jsii.String(prefix + "-" + name), AlarmDescription: jsii.String(meaning + " See docs/operations.md."),
		Metric: metric, Threshold: jsii.Number(threshold), EvaluationPeriods: jsii.Number(1),
		ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
		TreatMissingData:   awscloudwatch.TreatMissingData_NOT_BREACHING, // nothing happened
	})
	alarm.AddAlarmAction(a.tell)
	alarm.AddOkAction(a.tell)
}

// dimensions name what a metric is of.
type dimensions map[string]*string

// metric is a metric over five minutes. Statistic: "Sum", "Maximum", "Average".
func metric(namespace, name, statistic string, of dimensions) awscloudwatch.Metric {
	byName := map[string]*string(of)
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace: jsii.String(namespace), MetricName: jsii.String(name), Statistic: jsii.String(statistic),
		DimensionsMap: &byName, Period: awscdk.Duration_Minutes(jsii.Number(5)),
	})
}

// sum adds metrics up; those that have no value in a period count 0.
func sum(metrics ...awscloudwatch.IMetric) awscloudwatch.IMetric {
	using, terms := map[string]awscloudwatch.IMetric{}, []string{}
	for i, m := range metrics {
		id := fmt.Sprintf("m%d", i)
		using[id], terms = m, append(terms, "FILL("+id+", 0)")
	}
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression: jsii.String(strings.Join(terms, " + ")), UsingMetrics: &using,
		Period: awscdk.Duration_Minutes(jsii.Number(5)),
	})
}

// streamDelay is how far behind a stream may be before someone should look.
const streamDelay = 10 * time.Minute

// watchFunction raises alarms for a function. A request that fails answers a
// fault and is no error of the function: errors are crashes, time-outs, and
// schedules and notices that failed. Lambda measures the delay of streams for
// a function, over all that it reads.
func (a *application) watchFunction(u *unit) {
	of := dimensions{"FunctionName": u.lambda.FunctionName()}
	a.alarms.raise(u.Name+"-errors", "Function "+u.Name+" failed.", 1, metric("AWS/Lambda", "Errors", "Sum", of))
	a.alarms.raise(u.Name+"-throttles", "Function "+u.Name+" was refused a run.", 1, metric("AWS/Lambda", "Throttles", "Sum", of))
	if len(u.Streams) > 0 {
		a.alarms.raise(u.Name+"-streams-late", "Function "+u.Name+" is behind on changes of tables.",
			float64(streamDelay.Milliseconds()), metric("AWS/Lambda", "IteratorAge", "Maximum", of))
	}
	if u.dead != nil {
		a.alarms.raise(u.Name+"-dead-letters", "Function "+u.Name+" failed for good at something.", 1,
			metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", dimensions{"QueueName": u.dead.QueueName()}))
	}
}

func (a *application) watchAPI(id *string) {
	a.alarms.raise("api-faults", "The API answered 5xx.", 3, metric("AWS/ApiGateway", "5xx", "Sum", dimensions{"ApiId": id}))
}

// watchSchedules hears of runs that Lambda would not take, and of those that
// could not even be written to the dead letters.
func (a *application) watchSchedules() {
	group := dimensions{"ScheduleGroup": jsii.String(prefix)}
	a.alarms.raise("schedules-dropped", "A schedule could not start its function.", 1, sum(
		metric("AWS/Scheduler", "InvocationDroppedCount", "Sum", group),
		metric("AWS/Scheduler", "InvocationsFailedToBeSentToDeadLetterCount", "Sum", group),
	))
}

// SES reviews an account from 5 % of bounces or 0.1 % of complaints, and may
// stop it; the alarms come a little before
// (https://docs.aws.amazon.com/ses/latest/dg/reputationdashboard-bounce-rate.html).
const (
	bounceRate    = 0.04
	complaintRate = 0.0008
)

func (a *application) watchReputation() {
	a.alarms.raise("mail-bounces", "Too many mails bounce.", bounceRate,
		metric("AWS/SES", "Reputation.BounceRate", "Average", nil))
	a.alarms.raise("mail-complaints", "Too many mails are reported as spam.", complaintRate,
		metric("AWS/SES", "Reputation.ComplaintRate", "Average", nil))
}

// watchTables raises alarms for what functions cannot mend by trying again.
func (a *application) watchTables(tables []function.Definition) {
	for _, t := range tables {
		of := dimensions{"TableName": jsii.String(string(t.Table))}
		throttles := []awscloudwatch.IMetric{
			metric("AWS/DynamoDB", "ReadThrottleEvents", "Sum", of),
			metric("AWS/DynamoDB", "WriteThrottleEvents", "Sum", of),
		}
		for _, index := range t.Indexes {
			ofIndex := maps.Clone(of)
			ofIndex["GlobalSecondaryIndexName"] = jsii.String(index.Name)
			throttles = append(throttles,
				metric("AWS/DynamoDB", "ReadThrottleEvents", "Sum", ofIndex),
				metric("AWS/DynamoDB", "WriteThrottleEvents", "Sum", ofIndex))
		}
		a.alarms.raise("table-"+string(t.Table)+"-throttles", "Table "+string(t.Table)+" refused requests.", 1, sum(throttles...))
		a.alarms.raise("table-"+string(t.Table)+"-faults", "DynamoDB failed on table "+string(t.Table)+".", 5, sum(systemErrors(of)...))
	}
}

// systemErrors are DynamoDB's own faults, which it counts by operation.
func systemErrors(table dimensions) []awscloudwatch.IMetric {
	var all []awscloudwatch.IMetric
	for _, operation := range []string{
		"GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "TransactGetItems", "TransactWriteItems",
	} {
		of := maps.Clone(table)
		of["Operation"] = jsii.String(operation)
		all = append(all, metric("AWS/DynamoDB", "SystemErrors", "Sum", of))
	}
	return all
}
