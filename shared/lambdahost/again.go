package lambdahost

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo/changes"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// GivenUp is what a dead letter says of changes that a function could not take:
// where they are in the stream
// (https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html).
// Handed to the function as it is, it has them read and taken again.
type GivenUp struct {
	Batch Batch `json:"DDBStreamBatchInfo"`
}

// Batch is a part of a shard of a stream, from one change to another.
type Batch struct {
	Shard  string `json:"shardId"`
	First  string `json:"startSequenceNumber"`
	Last   string `json:"endSequenceNumber"`
	Size   int    `json:"batchSize"`
	Stream string `json:"streamArn"`
}

// changesAgain takes the changes of a batch that was given up. Unlike those
// that a stream brings, the first failure fails them all: there is nobody who
// would deliver the rest.
func (h *Handler) changesAgain(ctx context.Context, letter GivenUp) (done struct{}, err error) {
	records, err := h.read(ctx, letter.Batch)
	if err != nil {
		h.log.ErrorContext(ctx, "changes given up, not read again", "shard", letter.Batch.Shard, "first", letter.Batch.First, "error", err)
		return done, err
	}
	for _, record := range records {
		if err := h.change(ctx, record); err != nil {
			h.log.ErrorContext(ctx, "change given up, not consumed", "event_id", record.EventID, "error", err)
			return done, err
		}
	}
	return done, nil
}

var errTrimmed = errors.New("the changes are older than 24 hours, and gone from the stream")

// read reads the changes of a batch that the function declares.
func (h *Handler) read(ctx context.Context, batch Batch) (records []events.DynamoDBEventRecord, err error) {
	stream, err := h.declared(batch.Stream)
	if err != nil {
		return nil, err
	}
	from, err := h.streams.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{
		StreamArn: &batch.Stream, ShardId: &batch.Shard, SequenceNumber: &batch.First, ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber,
	})
	for at := from; err == nil && at.ShardIterator != nil; {
		var answer *dynamodbstreams.GetRecordsOutput
		if answer, err = h.streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: at.ShardIterator}); err != nil {
			break
		}
		for _, record := range answer.Records {
			past := compareSequence(aws.ToString(record.Dynamodb.SequenceNumber), batch.Last)
			if past <= 0 {
				records = append(records, changes.Event(record, batch.Stream))
			}
			if past >= 0 { // the shard may go on for ever
				return stream.Wanted(records), nil
			}
		}
		at.ShardIterator = answer.NextShardIterator
	}
	var trimmed *types.TrimmedDataAccessException
	switch {
	case errors.As(err, &trimmed):
		return nil, errTrimmed
	case err != nil:
		return nil, fmt.Errorf("stream %s: %w", batch.Stream, err)
	}
	return nil, fmt.Errorf("stream %s: shard %s ends before change %s", batch.Stream, batch.Shard, batch.Last)
}

// declared is the stream of the function that has this ARN.
func (h *Handler) declared(streamARN string) (function.StreamInfo, error) {
	table, err := tableOf(streamARN)
	if err != nil {
		return function.StreamInfo{}, err
	}
	for _, s := range h.function.Streams {
		if s.Table == function.Table(table) {
			return s, nil
		}
	}
	return function.StreamInfo{}, fmt.Errorf("table %s: its stream is not declared", table)
}

// compareSequence compares sequence numbers, which are too long for an int64.
func compareSequence(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}
