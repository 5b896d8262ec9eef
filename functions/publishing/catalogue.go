package publishing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/functions/publishing/search"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/storage"
)

// catalogue is the search index of one running copy of the function. It begins
// as the snapshot in the bucket, else it is built from the table, and follows
// the table's log before each search (docs/adr/0018-search.md).
type catalogue struct {
	mu    sync.Mutex
	index *search.Index
}

// snapshotKey is where the snapshot stands in the bucket: out of reach of the
// addresses of files, which begin otherwise.
const snapshotKey = "search/index.zip"

// maxSnapshot bounds what is read of the bucket, in bytes.
const maxSnapshot = 256 << 20

// fresh returns an index that knows every change that was committed before.
func (s *service) fresh(ctx context.Context) (*search.Index, error) {
	s.catalogue.mu.Lock()
	defer s.catalogue.mu.Unlock()
	if s.catalogue.index == nil {
		index, err := s.begin(ctx)
		if err != nil {
			return nil, err
		}
		s.catalogue.index = index
	}
	return s.catalogue.index, s.follow(ctx, s.catalogue.index)
}

// begin opens the snapshot; without a good one, it builds the index anew.
func (s *service) begin(ctx context.Context) (*search.Index, error) {
	packed, err := s.bucket.Read(ctx, snapshotKey, maxSnapshot)
	if err == nil {
		index, openErr := search.Open(bytes.NewReader(packed), int64(len(packed)))
		if openErr == nil {
			if s.serves(ctx, index) {
				return index, nil
			}
			_ = index.Close()
		}
		err = openErr
	}
	if err != nil && !errors.Is(err, storage.ErrNone) {
		s.log.WarnContext(ctx, "search snapshot not used", slog.Any("error", err))
	}
	return s.rebuild(ctx)
}

// serves tells whether a snapshot is of this table: one that is ahead of the
// log comes from a table that was restored since.
func (s *service) serves(ctx context.Context, index *search.Index) bool {
	version, err := index.Version()
	if err != nil {
		return false
	}
	last, err := s.lastChange(ctx)
	return err == nil && version <= last
}

// rebuild makes the index from the table: all that is published.
func (s *service) rebuild(ctx context.Context) (*search.Index, error) {
	last, err := s.lastChange(ctx) // what comes later is followed
	if err != nil {
		return nil, err
	}
	index, err := search.New()
	if err != nil {
		return nil, err
	}
	query := shelfQuery{limit: maxLimit}
	for {
		items, next, err := s.shelf(ctx, query)
		if err != nil {
			return nil, err
		}
		var documents []search.Document
		for _, item := range items {
			document, err := document(item)
			if err != nil {
				return nil, err
			}
			documents = append(documents, document)
		}
		if err := index.Put(documents...); err != nil {
			return nil, err
		}
		if query.cursor = next; next == "" {
			return index, index.SetVersion(last)
		}
	}
}

// document is what the index reads of a resource.
func document(item resourceItem) (search.Document, error) {
	shown, err := item.shown()
	return search.Document{
		Slug: item.Slug, Kind: string(item.Kind), Title: item.Title, Summary: shown.Summary, Body: plain(shown.BodyHTML), Authors: item.Authors,
		PublishedOn: item.PublishedOn, Fundamentals: item.Fundamentals, Dimensions: item.Dimensions, Series: item.Series, Cohort: item.Cohort,
	}, err
}

// follow brings an index up to the end of the log. It costs one read unit when
// there is nothing new.
func (s *service) follow(ctx context.Context, index *search.Index) error {
	version, err := index.Version()
	if err != nil {
		return err
	}
	for {
		slugs, last, more, err := s.changesAfter(ctx, version)
		if err != nil || last == version {
			return err
		}
		items, err := s.batch(ctx, slugs)
		if err != nil {
			return err
		}
		for _, slug := range slugs {
			item, there := items[slug]
			if !there || item.State != published {
				err = index.Remove(slug)
			} else {
				var changed search.Document
				if changed, err = document(item); err == nil {
					err = index.Put(changed)
				}
			}
			if err != nil {
				return err
			}
		}
		if err := index.SetVersion(last); err != nil || !more {
			return err
		}
		version = last
	}
}

// changesAfter reads the log after a number: the resources that changed, each
// once, and the last number read.
func (s *service) changesAfter(ctx context.Context, version int64) (slugs []string, last int64, more bool, err error) {
	answer, err := s.readLog(ctx, logKey(version).SK, true, maxLimit)
	if err != nil {
		return nil, version, false, err
	}
	seen, last := map[string]bool{}, version
	for _, item := range answer.items {
		if !seen[item.Slug] {
			slugs = append(slugs, item.Slug)
		}
		seen[item.Slug] = true
		if last, err = strconv.ParseInt(item.SK, 10, 64); err != nil {
			return nil, version, false, err
		}
	}
	return slugs, last, answer.more, nil
}

// lastChange is the last number of the log, 0 while it is empty.
func (s *service) lastChange(ctx context.Context) (int64, error) {
	answer, err := s.readLog(ctx, "0", false, 1)
	if err != nil || len(answer.items) == 0 {
		return 0, err
	}
	return strconv.ParseInt(answer.items[0].SK, 10, 64)
}

type logged struct {
	items []logItem
	more  bool
}

// readLog reads the log after a number, consistently, forwards or from its end.
func (s *service) readLog(ctx context.Context, after string, forward bool, limit int32) (logged, error) {
	expr, err := expression.NewBuilder().WithKeyCondition(
		expression.Key("pk").Equal(expression.Value(logPartition)).And(expression.Key("sk").GreaterThan(expression.Value(after)))).Build()
	if err != nil {
		return logged{}, fmt.Errorf("log: %w", err)
	}
	answer, err := s.table.Client.Query(ctx, &dynamodb.QueryInput{
		TableName: &s.table.Name, KeyConditionExpression: expr.KeyCondition(), ConsistentRead: aws.Bool(true),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(), ScanIndexForward: &forward, Limit: &limit,
	})
	if err != nil {
		return logged{}, fmt.Errorf("log: %w", err)
	}
	var items []logItem
	err = attributevalue.UnmarshalListOfMaps(answer.Items, &items)
	return logged{items, answer.LastEvaluatedKey != nil}, err
}

// batch reads resources by their slugs, consistently.
func (s *service) batch(ctx context.Context, slugs []string) (map[string]resourceItem, error) {
	found := map[string]resourceItem{}
	keys := make([]dynamo.Key, len(slugs))
	for i, slug := range slugs {
		keys[i] = resourceKey(slug)
	}
	err := s.table.Items(ctx, keys, func(attributes map[string]types.AttributeValue) error {
		var item resourceItem
		err := attributevalue.UnmarshalMap(attributes, &item)
		found[item.Slug] = item
		return err
	})
	return found, err
}

// saveIndex keeps a snapshot of the index, so that a copy of the function that
// starts reads one object and not the whole library. It may run twice.
func (s *service) saveIndex(ctx context.Context, _ time.Time) error {
	index, err := s.fresh(ctx)
	if err != nil {
		return err
	}
	version, err := index.Version()
	if err != nil || version == s.saved {
		return err
	}
	var packed bytes.Buffer
	if err := index.Snapshot(&packed); err != nil {
		return err
	}
	if err := s.bucket.Write(ctx, snapshotKey, "application/zip", packed.Bytes()); err != nil {
		return err
	}
	s.saved = version
	return nil
}
