package main

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// newRole makes the role of a function: what it declares, its own log and its
// own dead letters, each on the resource itself.
func (a *application) newRole(u *unit, log awslogs.LogGroup) awsiam.Role {
	rights := awsiam.NewPolicyDocument(nil)
	// The ARN of a log group as CloudFormation gives it ends in ":*", which
	// stands for the streams of that group.
	grant(rights, log.LogGroupArn(), "logs:CreateLogStream", "logs:PutLogEvents")
	for _, use := range u.Tables {
		a.grantTable(rights, use)
	}
	for _, secret := range u.Secrets {
		grant(rights, a.data.secrets[secret].SecretArn(), "secretsmanager:GetSecretValue")
	}
	for _, secret := range u.Rotates {
		grant(rights, a.data.secrets[secret].SecretArn(), "secretsmanager:PutSecretValue")
	}
	for _, bucket := range u.Buckets {
		grant(rights, jsii.String(*a.data.buckets[bucket].BucketArn()+"/*"), bucket.Actions()...) // its objects, and never their list
	}
	for _, stream := range u.Streams {
		// The four that Lambda asks of whoever reads a stream
		// (https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html).
		grant(rights, a.data.tables[stream.Table].TableStreamArn(),
			"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams")
	}
	if u.dead != nil {
		grant(rights, u.dead.QueueArn(), "sqs:SendMessage")
	}
	if u.MindsDeadLetters {
		a.grantDeadLetters(rights)
	}
	if u.SendsMail && a.mail != nil {
		// A message given whole, with its own headers, is checked as
		// SendRawEmail even when SendEmail of the second API sends it.
		for _, resource := range []*string{a.mail.identity, a.mail.configuration} {
			grant(rights, resource, "ses:SendEmail", "ses:SendRawEmail")
		}
	}
	role := awsiam.NewRole(u.scope, jsii.String("Role"), &awsiam.RoleProps{
		AssumedBy:      awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		Description:    jsii.String("Function " + u.Name + ": what it declares"),
		InlinePolicies: &map[string]awsiam.PolicyDocument{"declared": rights},
	})
	if len(u.Buckets) > 0 {
		accept(role, "AwsSolutions-IAM5",
			"Keys of objects are made as files come: the wildcard stands for the objects of the declared bucket, and for nothing else.")
	}
	return role
}

// grantDeadLetters allows to see what each function failed at for good, to
// start that function with it and to take it away. A function is named by its
// ARN: its own would not exist before its role.
func (a *application) grantDeadLetters(rights awsiam.PolicyDocument) {
	for _, u := range a.withDeadLetters() {
		grant(rights, u.dead.QueueArn(), "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage")
		grant(rights, a.stack.FormatArn(&awscdk.ArnComponents{
			Service: jsii.String("lambda"), Resource: jsii.String("function"), ResourceName: jsii.String(prefix + "-" + u.Name),
			ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
		}), "lambda:InvokeFunction")
	}
}

// grantTable allows the actions of a right on a table, and queries on each of
// its indexes when the right includes queries.
func (a *application) grantTable(rights awsiam.PolicyDocument, use function.Use) {
	table, actions := a.data.tables[use.Table], use.Right.Actions()
	grant(rights, table.TableArn(), actions...)
	if !slices.Contains(actions, "dynamodb:Query") {
		return
	}
	for _, index := range a.data.indexes[use.Table] {
		grant(rights, jsii.String(*table.TableArn()+"/index/"+index.Name), "dynamodb:Query")
	}
}

func grant(rights awsiam.PolicyDocument, resource *string, actions ...string) {
	rights.AddStatements(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions: jsii.Strings(actions...), Resources: &[]*string{resource},
	}))
}

// trust is a service that may assume a role or use a resource, only on behalf
// of this account
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html).
func (a *application) trust(service string) awsiam.IPrincipal {
	return awsiam.NewServicePrincipal(jsii.String(service), &awsiam.ServicePrincipalOpts{
		Conditions: &map[string]interface{}{
			"StringEquals": map[string]*string{"aws:SourceAccount": a.stack.Account()},
		},
	})
}
