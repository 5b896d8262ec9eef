package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/jsii-runtime-go"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// secretLength is in letters and digits: 64 of 62 kinds are 381 bits, more
// than the 256 that HMAC-SHA256 can use (RFC 2104, section 3).
const secretLength = 64

// data is the stack of tables and secrets.
type data struct {
	stack   awscdk.Stack
	tables  map[function.Table]awsdynamodb.TableV2
	indexes map[function.Table][]function.Index
	secrets map[function.Secret]awssecretsmanager.Secret
	buckets map[function.Bucket]awss3.Bucket
}

func newData(app awscdk.App, p platform) *data {
	d := &data{
		stack: awscdk.NewStack(app, jsii.String("FabriqueData"), &awscdk.StackProps{
			Description:           jsii.String("Fabrique: tables and secrets"),
			TerminationProtection: jsii.Bool(true),
		}),
		tables:  map[function.Table]awsdynamodb.TableV2{},
		indexes: map[function.Table][]function.Index{},
		secrets: map[function.Secret]awssecretsmanager.Secret{},
		buckets: map[function.Bucket]awss3.Bucket{},
	}
	for _, definition := range p.Tables {
		d.addTable(definition)
	}
	for _, f := range p.Functions {
		for _, secret := range f.Secrets {
			if d.secrets[secret] == nil {
				d.addSecret(secret)
			}
		}
		for _, bucket := range f.Buckets {
			if d.buckets[bucket] == nil {
				d.addBucket(bucket)
			}
		}
	}
	return d
}

func (d *data) addTable(definition function.Definition) {
	removal := awscdk.RemovalPolicy_DESTROY
	if definition.Durable {
		removal = awscdk.RemovalPolicy_RETAIN
	}
	props := &awsdynamodb.TablePropsV2{
		TableName:          jsii.String(string(definition.Table)),
		PartitionKey:       text("pk"),
		SortKey:            text("sk"),
		Billing:            awsdynamodb.Billing_OnDemand(nil),
		DeletionProtection: jsii.Bool(definition.Durable),
		RemovalPolicy:      removal,
		PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{
			PointInTimeRecoveryEnabled: jsii.Bool(definition.Durable),
		},
		GlobalSecondaryIndexes: indexes(definition.Indexes),
	}
	if definition.Stream {
		props.DynamoStream = awsdynamodb.StreamViewType_NEW_AND_OLD_IMAGES
	}
	if definition.TTL {
		props.TimeToLiveAttribute = jsii.String(function.TTLAttribute)
	}
	table := awsdynamodb.NewTableV2(d.stack, jsii.String(string(definition.Table)), props)
	d.tables[definition.Table], d.indexes[definition.Table] = table, definition.Indexes
	// Exported whether or not a function uses it today: CloudFormation
	// refuses to drop an export while the other stack still imports it, so
	// a function that stops using a table could not be deployed.
	d.stack.ExportValue(table.TableArn(), nil)
	if definition.Stream {
		d.stack.ExportValue(table.TableStreamArn(), nil)
	}
}

func indexes(declared []function.Index) *[]*awsdynamodb.GlobalSecondaryIndexPropsV2 {
	var all []*awsdynamodb.GlobalSecondaryIndexPropsV2
	for _, index := range declared {
		props := &awsdynamodb.GlobalSecondaryIndexPropsV2{
			IndexName:      jsii.String(index.Name),
			PartitionKey:   text(index.Hash),
			SortKey:        text(index.Range),
			ProjectionType: awsdynamodb.ProjectionType_KEYS_ONLY,
		}
		switch {
		case index.IncludeAllItems:
			props.ProjectionType = awsdynamodb.ProjectionType_ALL
		case len(index.Included) > 0:
			props.ProjectionType = awsdynamodb.ProjectionType_INCLUDE
			props.NonKeyAttributes = jsii.Strings(index.Included...)
		}
		all = append(all, props)
	}
	return &all
}

func text(attribute string) *awsdynamodb.Attribute {
	return &awsdynamodb.Attribute{Name: jsii.String(attribute), Type: awsdynamodb.AttributeType_STRING}
}

func (d *data) addSecret(name function.Secret) {
	secret := awssecretsmanager.NewSecret(d.stack, jsii.String("Secret-"+string(name)), &awssecretsmanager.SecretProps{
		SecretName:  jsii.String(fmt.Sprintf("%s/%s", prefix, name)),
		Description: jsii.String("Generated at the first deployment; functions read it when they first need it."),
		GenerateSecretString: &awssecretsmanager.SecretStringGenerator{
			PasswordLength: jsii.Number(secretLength), ExcludePunctuation: jsii.Bool(true),
		},
		RemovalPolicy: awscdk.RemovalPolicy_RETAIN,
	})
	d.secrets[name] = secret
	d.stack.ExportValue(secret.SecretArn(), nil)
	accept(secret, "AwsSolutions-SMG4",
		"A new key voids what the old one signed or hashed, so a person decides when, as docs/operations.md tells.")
}

// incomingDays is how long a file that was never checked stays, in days: its
// form is good for an hour.
const incomingDays = 2

// addBucket makes a bucket that nobody reaches but by a signed form or
// address. Its name is CloudFormation's: those of buckets are the whole world's.
func (d *data) addBucket(name function.Bucket) {
	bucket := awss3.NewBucket(d.stack, jsii.String("Bucket-"+string(name)), &awss3.BucketProps{
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership:   awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		Encryption:        awss3.BucketEncryption_S3_MANAGED,
		EnforceSSL:        jsii.Bool(true),
		RemovalPolicy:     awscdk.RemovalPolicy_RETAIN,
		LifecycleRules: &[]*awss3.LifecycleRule{
			{AbortIncompleteMultipartUploadAfter: awscdk.Duration_Days(jsii.Number(1))},
			{Prefix: jsii.String("incoming/"), Expiration: awscdk.Duration_Days(jsii.Number(incomingDays))},
		},
	})
	d.buckets[name] = bucket
	d.stack.ExportValue(bucket.BucketArn(), nil)
	d.stack.ExportValue(bucket.BucketName(), nil)
	accept(bucket, "AwsSolutions-S1",
		"Who fetches a published file is nobody's business, and what the team sends is in the audit trail.")
}
