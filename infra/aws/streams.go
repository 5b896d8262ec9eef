package main

import (
	"encoding/json"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// How a function reads a stream.
const (
	// recordsAtOnce is DynamoDB's usual batch: it keeps one run short.
	recordsAtOnce = 100
	// streamRetries is bounded by retrySeconds in practice: an outage of an
	// hour is waited out, and one record that fails forever holds back the
	// others of its shard for no longer. What is given up stays in the stream
	// for the rest of its 24 hours; its dead letter says where.
	streamRetries = 1000
)

// addStreams lets a function hear of the changes that it declares, from the
// oldest that the stream still has: a new function misses nothing of the day.
func (a *application) addStreams(u *unit) {
	for _, s := range u.Streams {
		props := &awslambda.CfnEventSourceMappingProps{
			FunctionName: u.lambda.FunctionName(), EventSourceArn: a.data.tables[s.Table].TableStreamArn(),
			StartingPosition: jsii.String("TRIM_HORIZON"), BatchSize: jsii.Number(recordsAtOnce),
			MaximumRecordAgeInSeconds: jsii.Number(retrySeconds), MaximumRetryAttempts: jsii.Number(streamRetries),
			BisectBatchOnFunctionError: jsii.Bool(true), // a run that times out names no record
			FunctionResponseTypes:      jsii.Strings("ReportBatchItemFailures"),
			DestinationConfig: &awslambda.CfnEventSourceMapping_DestinationConfigProperty{
				OnFailure: &awslambda.CfnEventSourceMapping_OnFailureProperty{Destination: u.dead.QueueArn()},
			},
		}
		if filters := filtersOf(s.Prefixes); len(filters) > 0 {
			props.FilterCriteria = &awslambda.CfnEventSourceMapping_FilterCriteriaProperty{Filters: &filters}
		}
		awslambda.NewCfnEventSourceMapping(u.scope, jsii.String("Stream-"+string(s.Table)), props)
	}
}

// filtersOf is one filter for each key attribute, with its prefixes; a record
// passes when any filter takes it
// (https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-filtering.html).
func filtersOf(prefixes []function.KeyPrefix) []*awslambda.CfnEventSourceMapping_FilterProperty {
	type prefix struct {
		Prefix string `json:"prefix"`
	}
	var filters []*awslambda.CfnEventSourceMapping_FilterProperty
	for _, attribute := range []string{"pk", "sk"} {
		var accepted []prefix
		for _, p := range prefixes {
			if p.Attribute == attribute {
				accepted = append(accepted, prefix{p.Prefix})
			}
		}
		if len(accepted) == 0 {
			continue
		}
		pattern, err := json.Marshal(map[string]any{"dynamodb": map[string]any{
			"Keys": map[string]any{attribute: map[string]any{"S": accepted}},
		}})
		if err != nil {
			panic(err) // maps of strings are always JSON
		}
		filters = append(filters, &awslambda.CfnEventSourceMapping_FilterProperty{Pattern: jsii.String(string(pattern))})
	}
	return filters
}
