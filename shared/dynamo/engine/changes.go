package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo/changes"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// BatchSize is how many changes are delivered at once, as the stream mappings
// on AWS are set by default
// (https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html).
const BatchSize = 100

// Changes reads the stream of one table in order, shard after shard, parents
// before their children.
type Changes struct {
	client    *dynamodbstreams.Client
	table     function.Table
	arn       string
	position  Position
	shards    []*shard
	finished  map[string]bool
	listedAll time.Time
}

// Position is how far a reader has come: the last sequence number of each
// shard. The zero value is the oldest change that is kept.
type Position map[string]string

// Batch is some changes of one shard, oldest first.
type Batch struct {
	Records []events.DynamoDBEventRecord
	shard   string
}

// Shard is the one that the changes are of.
func (b Batch) Shard() string { return b.shard }

// Last is the sequence number of the last change of the batch.
func (b Batch) Last() string { return b.Records[len(b.Records)-1].Change.SequenceNumber }

type shard struct{ id, parent, iterator string }

// ReadChanges makes the reader of a table's stream, from a position on. name
// is the table's name in the engine.
func ReadChanges(ctx context.Context, cfg aws.Config, table function.Table, name string, from Position) (*Changes, error) {
	described, err := dynamodb.NewFromConfig(cfg).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	if err != nil {
		return nil, fmt.Errorf("stream of %s: %w", table, err)
	}
	if described.Table.LatestStreamArn == nil {
		return nil, fmt.Errorf("table %s has no stream", table)
	}
	position := maps.Clone(from)
	if position == nil {
		position = Position{}
	}
	return &Changes{
		client: dynamodbstreams.NewFromConfig(cfg), table: table, arn: *described.Table.LatestStreamArn,
		position: position, finished: map[string]bool{},
	}, nil
}

// relist is how often new shards are looked for while known ones go on.
const relist = 30 * time.Second

// Next returns the changes that come after those that were delivered, and no
// records when there are none for now. The caller says with Delivered how far
// it got; without that, the next call goes on but a new reader starts again.
func (c *Changes) Next(ctx context.Context) (Batch, error) {
	if time.Since(c.listedAll) > relist {
		if err := c.list(ctx); err != nil {
			return Batch{}, fmt.Errorf("shards of %s: %w", c.table, err)
		}
	}
	for _, s := range c.shards {
		if c.finished[s.id] || s.parent != "" && !c.finished[s.parent] && c.knows(s.parent) {
			continue
		}
		records, err := c.read(ctx, s)
		if err != nil {
			s.iterator = "" // it may have expired: take another from the position
			return Batch{}, fmt.Errorf("changes of %s: %w", c.table, err)
		}
		if len(records) > 0 {
			return Batch{c.convert(records), s.id}, nil
		}
	}
	return Batch{}, nil
}

// Delivered notes that the changes of the batch up to this sequence number
// were consumed, and returns the position to start from another time.
func (c *Changes) Delivered(b Batch, sequence string) Position {
	c.position[b.shard] = sequence
	return maps.Clone(c.position)
}

func (c *Changes) knows(id string) bool {
	for _, s := range c.shards {
		if s.id == id {
			return true
		}
	}
	return false
}

func (c *Changes) list(ctx context.Context) error {
	var start *string
	for {
		answer, err := c.client.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{
			StreamArn: &c.arn, ExclusiveStartShardId: start,
		})
		if err != nil {
			return err
		}
		for _, s := range answer.StreamDescription.Shards {
			if id := aws.ToString(s.ShardId); !c.knows(id) {
				c.shards = append(c.shards, &shard{id: id, parent: aws.ToString(s.ParentShardId)})
			}
		}
		if start = answer.StreamDescription.LastEvaluatedShardId; start == nil {
			c.listedAll = time.Now()
			return nil
		}
	}
}

// read reads what comes next in a shard. An iterator whose place was trimmed,
// as Amazon's local engine says of one that it gave for an empty stream, is
// replaced by another.
func (c *Changes) read(ctx context.Context, s *shard) ([]types.Record, error) {
	records, err := c.readOn(ctx, s)
	var trimmed *types.TrimmedDataAccessException
	if errors.As(err, &trimmed) {
		s.iterator = ""
		return c.readOn(ctx, s)
	}
	return records, err
}

func (c *Changes) readOn(ctx context.Context, s *shard) ([]types.Record, error) {
	if s.iterator == "" {
		iterator, err := c.iterator(ctx, s.id)
		if err != nil {
			return nil, err
		}
		s.iterator = iterator
	}
	answer, err := c.client.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{
		ShardIterator: &s.iterator, Limit: aws.Int32(BatchSize),
	})
	if err != nil {
		return nil, err
	}
	s.iterator = aws.ToString(answer.NextShardIterator)
	if s.iterator == "" { // the shard is closed and read to its end: its children are next
		c.finished[s.id] = true
		c.listedAll = time.Time{}
	}
	return answer.Records, nil
}

func (c *Changes) iterator(ctx context.Context, id string) (string, error) {
	in := &dynamodbstreams.GetShardIteratorInput{
		StreamArn: &c.arn, ShardId: &id, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	}
	if last := c.position[id]; last != "" {
		in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, &last
	}
	answer, err := c.client.GetShardIterator(ctx, in)
	var trimmed *types.TrimmedDataAccessException
	if errors.As(err, &trimmed) {
		in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeTrimHorizon, nil
		answer, err = c.client.GetShardIterator(ctx, in)
	}
	if err != nil {
		return "", err
	}
	return aws.ToString(answer.ShardIterator), nil
}

// convert makes of the stream's records what Lambda hands to a function. The
// ARN names the table by its area, as it is named on AWS.
func (c *Changes) convert(records []types.Record) []events.DynamoDBEventRecord {
	converted := make([]events.DynamoDBEventRecord, len(records))
	for i, r := range records {
		converted[i] = changes.Event(r, arnOf(c.table))
	}
	return converted
}

// Stream is the ARN by which the engine knows the stream.
func (c *Changes) Stream() string { return c.arn }

// arnOf is the one by which functions are told of a table's changes.
func arnOf(table function.Table) string {
	return "arn:aws:dynamodb:eu-west-3:000000000000:table/" + string(table) + "/stream/2026-01-01T00:00:00.000"
}
