package dynamo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// Once is the claim of one request to be carried out once: the scope of an
// action, the caller's Idempotency-Key and what was asked. Its answer is
// stored in the very transaction that has the effect, so there is no moment
// at which one is there without the other, and nothing to unlock after a crash.
type Once struct {
	table Table
	key   string
	asked string
	until time.Time
}

// onceFor is how long an answer is kept.
const onceFor = 24 * time.Hour

type onceItem struct {
	Key
	Asked     string `dynamodbav:"asked"`
	Answer    string `dynamodbav:"answer"`
	ExpiresAt int64  `dynamodbav:"expires_at"`
}

// Once makes the claim of a request; the key may be empty, when the caller
// gave none, and then nothing is stored. asked is what the request says.
func (t Table) Once(scope, key string, asked []byte, now time.Time) Once {
	if key == "" {
		return Once{}
	}
	return Once{table: t, key: digest([]byte(scope + "\x00" + key)), asked: digest(asked), until: now.Add(onceFor)}
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Answered returns the answer that an earlier request with this key was
// given; found is false when there was none. An Invalid fault
// "idempotency-key-reused" says that the key came with other words.
// It costs one read unit when a key was given.
func (o Once) Answered(ctx context.Context) (answer string, found bool, err error) {
	if o.key == "" {
		return "", false, nil
	}
	var item onceItem
	found, err = o.table.Get(ctx, o.itemKey(), &item)
	if err != nil || !found {
		return "", false, err
	}
	return o.read(item)
}

// Answer is the transaction item that stores the answer; it is refused when
// another request with this key came first. given is false without a key.
func (o Once) Answer(answer string) (item types.TransactWriteItem, given bool, err error) {
	if o.key == "" {
		return item, false, nil
	}
	item, err = o.table.Put(onceItem{o.itemKey(), o.asked, answer, o.until.Unix()}, Absent)
	return item, true, err
}

// First returns the answer of the request that came first, from a refusal at
// the place of Answer's item.
func (o Once) First(refused *Refused, place int) (answer string, found bool, err error) {
	var item onceItem
	found, err = refused.Old(place, &item)
	if err != nil || !found {
		return "", false, err
	}
	return o.read(item)
}

// Claim notes what was asked under the key, for an action that knows its own
// requests again. An Invalid fault "idempotency-key-reused" says that the key
// came with other words before. It costs one write unit when a key was given.
func (o Once) Claim(ctx context.Context) error {
	if o.key == "" {
		return nil
	}
	put, err := o.table.Put(onceItem{Key: o.itemKey(), Asked: o.asked, ExpiresAt: o.until.Unix()},
		Absent.Or(expression.Name("asked").Equal(expression.Value(o.asked))))
	if err != nil {
		return err
	}
	_, err = o.table.Client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: put.Put.TableName, Item: put.Put.Item, ConditionExpression: put.Put.ConditionExpression,
		ExpressionAttributeNames: put.Put.ExpressionAttributeNames, ExpressionAttributeValues: put.Put.ExpressionAttributeValues,
	})
	var unmet *types.ConditionalCheckFailedException
	if errors.As(err, &unmet) {
		return errReused
	}
	if err != nil {
		return fmt.Errorf("claim: %w", err)
	}
	return nil
}

var errReused = fault.New(fault.Invalid, "idempotency-key-reused",
	"Cette clé d’idempotence a déjà servi pour une autre demande. Utilisez une clé nouvelle.")

func (o Once) read(item onceItem) (string, bool, error) {
	if item.Asked != o.asked {
		return "", false, errReused
	}
	return item.Answer, true, nil
}

func (o Once) itemKey() Key { return Key{"ONCE#" + o.key, "ONCE"} }
