package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

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
		change := r.Dynamodb
		converted[i] = events.DynamoDBEventRecord{
			AWSRegion: aws.ToString(r.AwsRegion), EventID: aws.ToString(r.EventID),
			EventName: string(r.EventName), EventSource: "aws:dynamodb", EventVersion: aws.ToString(r.EventVersion),
			EventSourceArn: "arn:aws:dynamodb:eu-west-3:000000000000:table/" + string(c.table) + "/stream/2026-01-01T00:00:00.000",
			Change: events.DynamoDBStreamRecord{
				ApproximateCreationDateTime: events.SecondsEpochTime{Time: aws.ToTime(change.ApproximateCreationDateTime)},
				Keys:                        image(change.Keys), NewImage: image(change.NewImage), OldImage: image(change.OldImage),
				SequenceNumber: aws.ToString(change.SequenceNumber), SizeBytes: aws.ToInt64(change.SizeBytes),
				StreamViewType: string(change.StreamViewType),
			},
		}
		if r.UserIdentity != nil {
			converted[i].UserIdentity = &events.DynamoDBUserIdentity{
				Type: aws.ToString(r.UserIdentity.Type), PrincipalID: aws.ToString(r.UserIdentity.PrincipalId),
			}
		}
	}
	return converted
}

func image(attributes map[string]types.AttributeValue) map[string]events.DynamoDBAttributeValue {
	if attributes == nil {
		return nil
	}
	converted := make(map[string]events.DynamoDBAttributeValue, len(attributes))
	for name, value := range attributes {
		converted[name] = attribute(value)
	}
	return converted
}

func attribute(value types.AttributeValue) events.DynamoDBAttributeValue {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return events.NewStringAttribute(v.Value)
	case *types.AttributeValueMemberN:
		return events.NewNumberAttribute(v.Value)
	case *types.AttributeValueMemberB:
		return events.NewBinaryAttribute(v.Value)
	case *types.AttributeValueMemberBOOL:
		return events.NewBooleanAttribute(v.Value)
	case *types.AttributeValueMemberSS:
		return events.NewStringSetAttribute(v.Value)
	case *types.AttributeValueMemberNS:
		return events.NewNumberSetAttribute(v.Value)
	case *types.AttributeValueMemberBS:
		return events.NewBinarySetAttribute(v.Value)
	case *types.AttributeValueMemberM:
		return events.NewMapAttribute(image(v.Value))
	case *types.AttributeValueMemberL:
		list := make([]events.DynamoDBAttributeValue, len(v.Value))
		for i, element := range v.Value {
			list[i] = attribute(element)
		}
		return events.NewListAttribute(list)
	}
	return events.NewNullAttribute()
}

// Wanted keeps the records that a declared stream asks for: those whose pk or
// sk begins as declared, or all. On AWS the stream mapping's filter does it.
func Wanted(stream function.StreamInfo, records []events.DynamoDBEventRecord) []events.DynamoDBEventRecord {
	if len(stream.Prefixes) == 0 {
		return records
	}
	var wanted []events.DynamoDBEventRecord
	for _, r := range records {
		if asksFor(stream.Prefixes, r.Change.Keys) {
			wanted = append(wanted, r)
		}
	}
	return wanted
}

func asksFor(prefixes []function.KeyPrefix, keys map[string]events.DynamoDBAttributeValue) bool {
	for _, p := range prefixes {
		if key, found := keys[p.Attribute]; found && strings.HasPrefix(key.String(), p.Prefix) {
			return true
		}
	}
	return false
}
