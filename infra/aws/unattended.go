package main

import (
	"encoding/json"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/jsii-runtime-go"

	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// handOvers bounds how often a run is handed to Lambda's queue within
// retrySeconds, when Lambda takes nothing. Without a bound EventBridge goes on
// for 24 hours and 185 times, a nightly run then meeting the next one
// (https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html).
const handOvers = 20

// newScheduleGroup makes the group in which all schedules are counted.
func (a *application) newScheduleGroup(functions []*function.Function) *string {
	if !slices.ContainsFunc(functions, func(f *function.Function) bool { return len(f.Schedules) > 0 }) {
		return nil
	}
	group := awsscheduler.NewCfnScheduleGroup(a.stack, jsii.String("Schedules"), &awsscheduler.CfnScheduleGroupProps{
		Name: jsii.String(prefix),
	})
	a.watchSchedules()
	return group.Ref()
}

// addSchedules makes a function's declared schedules, and the role by which
// they may start that function and write to its dead letters.
func (a *application) addSchedules(u *unit) {
	if len(u.Schedules) == 0 {
		return
	}
	rights := awsiam.NewPolicyDocument(nil)
	grant(rights, u.lambda.FunctionArn(), "lambda:InvokeFunction")
	grant(rights, u.dead.QueueArn(), "sqs:SendMessage")
	role := awsiam.NewRole(u.scope, jsii.String("ScheduleRole"), &awsiam.RoleProps{
		AssumedBy:      a.trust("scheduler.amazonaws.com"),
		Description:    jsii.String("Schedules of function " + u.Name),
		InlinePolicies: &map[string]awsiam.PolicyDocument{"start": rights},
	})
	for _, s := range u.Schedules {
		awsscheduler.NewCfnSchedule(u.scope, jsii.String("Schedule-"+s.Name), &awsscheduler.CfnScheduleProps{
			Name: jsii.String(u.Name + "-" + s.Name), GroupName: a.group, Description: jsii.String(s.Purpose),
			ScheduleExpression:         jsii.String(s.When.Expression()),
			ScheduleExpressionTimezone: jsii.String(french.Paris().String()),
			FlexibleTimeWindow:         &awsscheduler.CfnSchedule_FlexibleTimeWindowProperty{Mode: jsii.String("OFF")},
			Target: &awsscheduler.CfnSchedule_TargetProperty{
				Arn: u.lambda.FunctionArn(), RoleArn: role.RoleArn(), Input: scheduleInput(s.Name),
				DeadLetterConfig: &awsscheduler.CfnSchedule_DeadLetterConfigProperty{Arn: u.dead.QueueArn()},
				RetryPolicy: &awsscheduler.CfnSchedule_RetryPolicyProperty{
					MaximumRetryAttempts: jsii.Number(handOvers), MaximumEventAgeInSeconds: jsii.Number(retrySeconds),
				},
			},
		})
	}
}

// scheduleInput is the payload that lambdahost.ScheduleEvent reads. Scheduler
// puts the instant in the place of the attribute
// (https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html),
// whose brackets json.Marshal would escape.
func scheduleInput(name string) *string {
	quoted, err := json.Marshal(name)
	if err != nil {
		panic(err) // a string is always JSON
	}
	return jsii.String(`{"schedule":` + string(quoted) + `,"due":"<aws.scheduler.scheduled-time>"}`)
}

// addNotices makes a rule on the default event bus for each declared notice.
func (a *application) addNotices(u *unit) {
	for _, n := range u.Notices {
		rule := awsevents.NewCfnRule(u.scope, jsii.String("Notice-"+n.Name), &awsevents.CfnRuleProps{
			Name:        jsii.String(prefix + "-" + u.Name + "-" + n.Name),
			Description: jsii.String("Notices for function " + u.Name),
			EventPattern: map[string]interface{}{
				"source": []string{n.Source}, "detail-type": n.DetailTypes,
			},
			Targets: &[]*awsevents.CfnRule_TargetProperty{{
				Id: jsii.String("function"), Arn: u.lambda.FunctionArn(),
				DeadLetterConfig: &awsevents.CfnRule_DeadLetterConfigProperty{Arn: u.dead.QueueArn()},
				RetryPolicy: &awsevents.CfnRule_RetryPolicyProperty{
					MaximumRetryAttempts: jsii.Number(handOvers), MaximumEventAgeInSeconds: jsii.Number(retrySeconds),
				},
			}},
		})
		awslambda.NewCfnPermission(u.scope, jsii.String("FromNotice-"+n.Name), &awslambda.CfnPermissionProps{
			Action: jsii.String("lambda:InvokeFunction"), FunctionName: u.lambda.FunctionArn(),
			Principal: jsii.String("events.amazonaws.com"), SourceArn: rule.AttrArn(),
		})
		u.dead.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("events.amazonaws.com"), nil)},
			Actions:    jsii.Strings("sqs:SendMessage"), Resources: &[]*string{u.dead.QueueArn()},
			Conditions: &map[string]interface{}{"ArnEquals": map[string]*string{"aws:SourceArn": rule.AttrArn()}},
		}))
	}
}

// crowd is how many may read a shard of a stream at once before DynamoDB
// throttles them
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html).
const crowd = 2

func (a *application) warnOfCrowdedStreams(functions []*function.Function) {
	readers := map[function.Table]int{}
	for _, f := range functions {
		for _, s := range f.Streams {
			if readers[s.Table]++; readers[s.Table] == crowd+1 {
				awscdk.Annotations_Of(a.stack).AddWarningV2(jsii.String("fabrique:crowded-stream-"+string(s.Table)),
					jsii.String("More than two functions read the stream of "+string(s.Table)+": DynamoDB may throttle them."))
			}
		}
	}
}
