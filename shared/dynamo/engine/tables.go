package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// CreateTables creates the tables that are not there yet, as they are
// declared, under the names that nameOf gives. It returns an error that says
// what to do when a table stands there with other indexes or without its
// stream: data made by an older version.
func CreateTables(ctx context.Context, client *dynamodb.Client, definitions []function.Definition, nameOf func(function.Table) string) error {
	for _, d := range definitions {
		if err := createTable(ctx, client, d, nameOf(d.Table)); err != nil {
			return fmt.Errorf("table %s: %w", d.Table, err)
		}
	}
	return nil
}

func createTable(ctx context.Context, client *dynamodb.Client, d function.Definition, name string) error {
	_, err := client.CreateTable(ctx, request(d, name))
	var exists *types.ResourceInUseException
	if err != nil && !errors.As(err, &exists) {
		return err
	}
	if exists != nil {
		if err := sameShape(ctx, client, d, name); err != nil {
			return err
		}
	}
	waiter := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 10*time.Millisecond, 200*time.Millisecond
	})
	if err := waiter.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &name}, time.Minute); err != nil {
		return err
	}
	return expire(ctx, client, d, name)
}

// request is the declaration as the API wants it.
func request(d function.Definition, name string) *dynamodb.CreateTableInput {
	in := &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		KeySchema: keys("pk", "sk"),
	}
	attributes := []string{"pk", "sk"}
	for _, index := range d.Indexes {
		attributes = append(attributes, index.Hash, index.Range)
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName: aws.String(index.Name), KeySchema: keys(index.Hash, index.Range), Projection: projection(index),
		})
	}
	seen := map[string]bool{}
	for _, name := range attributes {
		if !seen[name] {
			seen[name] = true
			in.AttributeDefinitions = append(in.AttributeDefinitions,
				types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: types.ScalarAttributeTypeS})
		}
	}
	if d.Stream {
		in.StreamSpecification = &types.StreamSpecification{
			StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages,
		}
	}
	return in
}

func keys(hash, sort string) []types.KeySchemaElement {
	return []types.KeySchemaElement{
		{AttributeName: aws.String(hash), KeyType: types.KeyTypeHash},
		{AttributeName: aws.String(sort), KeyType: types.KeyTypeRange},
	}
}

func projection(index function.Index) *types.Projection {
	switch {
	case index.IncludeAllItems:
		return &types.Projection{ProjectionType: types.ProjectionTypeAll}
	case len(index.Included) > 0:
		return &types.Projection{ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: index.Included}
	}
	return &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly}
}

func sameShape(ctx context.Context, client *dynamodb.Client, d function.Definition, name string) error {
	described, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	if err != nil {
		return err
	}
	const older = "was made by another version: start with an empty data folder"
	there := map[string]int{}
	for _, index := range described.Table.GlobalSecondaryIndexes {
		there[aws.ToString(index.IndexName)] = len(index.Projection.NonKeyAttributes)
	}
	for _, index := range d.Indexes {
		if included, found := there[index.Name]; !found || included != len(index.Included) {
			return fmt.Errorf("its index %s is missing or another; it %s", index.Name, older)
		}
	}
	if d.Stream && described.Table.LatestStreamArn == nil {
		return fmt.Errorf("it has no stream; it %s", older)
	}
	return nil
}

func expire(ctx context.Context, client *dynamodb.Client, d function.Definition, name string) error {
	if !d.TTL {
		return nil
	}
	described, err := client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &name})
	if err != nil {
		return err
	}
	if described.TimeToLiveDescription != nil && described.TimeToLiveDescription.TimeToLiveStatus == types.TimeToLiveStatusEnabled {
		return nil
	}
	_, err = client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName: &name,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{
			AttributeName: aws.String(function.TTLAttribute), Enabled: aws.Bool(true),
		},
	})
	return err
}
