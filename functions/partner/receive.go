package partner

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/openwork"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// result is what became of one record.
type result struct {
	Index     int    `json:"index"`
	Territory string `json:"territory,omitempty"`
	Status    string `json:"status" enum:"applied,unchanged,stale,rejected"`
	Code      string `json:"code,omitempty" doc:"Why it was rejected"`
	Detail    string `json:"detail,omitempty"`
}

// The statuses of a record.
const (
	applied   = "applied"
	unchanged = "unchanged"
	stale     = "stale"
	rejected  = "rejected"
)

// receipt is the answer to a message.
type receipt struct {
	ReceiptID string   `json:"receipt_id"`
	Results   []result `json:"results"`
}

const (
	// chunkSize is how many records one transaction carries out: each may write
	// what is said and two facts, the cohort is held to what it says, and a
	// transaction takes 100 items
	// (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html).
	chunkSize = 32
	// kept is how long the id of a message is known again.
	kept = personal.DeliveryFor
	// rounds bounds how often a chunk starts over because another message was
	// quicker at one of its territories.
	rounds = 30
)

var (
	errReused = fault.New(fault.Conflict, "webhook-id-reused", "Ce webhook-id a déjà servi pour un autre message : donnez-en un nouveau à chaque message.")
	errBusy   = fault.New(fault.Unavailable, "busy", "D’autres messages changent les mêmes territoires : renvoyez celui-ci dans un instant.")
)

func (s *service) postWebhook(w http.ResponseWriter, r *http.Request) error {
	from, err := s.verify(r)
	if err != nil {
		return err
	}
	m, err := s.read(r, from.body)
	if err != nil {
		return s.refusedWhole(r.Context(), from, m, err)
	}
	answer, err := s.receive(r.Context(), from, m)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, answer)
}

// receive carries a message out, part by part. Whatever was done already, by
// an earlier attempt or by one at this very moment, is not done again, and
// answers as it did. It returns the Conflict fault "webhook-id-reused" when the
// id came with another body before.
func (s *service) receive(ctx context.Context, from signed, m message) (receipt, error) {
	sum := sha256.Sum256(from.body)
	delivery := chunkItem{Receipt: s.newID("rcp"), Webhook: from.id, Type: m.kind, Cohort: m.cohort, Body: hex.EncodeToString(sum[:]), ExpiresAt: s.now().Add(kept).Unix()}
	done, err := s.chunks(ctx, from)
	if err != nil {
		return receipt{}, err
	}
	changes := m.changes()
	into, refusal, err := s.destination(ctx, from.partner, m)
	if err != nil {
		return receipt{}, err
	}
	answer := receipt{Results: []result{}}
	number := 0
	for part := range slices.Chunk(changes, chunkSize) {
		item, known := done[chunkKey(from.partner.Name, from.id, number).SK]
		if !known {
			delivery.Key = chunkKey(from.partner.Name, from.id, number)
			delivery.Receipts, delivery.ReceivedAt = "", ""
			if number == 0 {
				delivery.Receipts, delivery.ReceivedAt = from.partner.Name, s.now().UTC().Format(time.RFC3339Nano)+"#"+delivery.Receipt
			}
			if item, err = s.carryOut(ctx, into, refusal, delivery, part); err != nil {
				return receipt{}, err
			}
		}
		if item.Body != delivery.Body {
			return receipt{}, errReused
		}
		delivery.Receipt, answer.ReceiptID = item.Receipt, item.Receipt
		var results []result
		if err := json.Unmarshal([]byte(item.Results), &results); err != nil {
			return receipt{}, err
		}
		answer.Results = append(answer.Results, results...)
		number++
	}
	return answer, nil
}

// chunks are the parts of a message that were carried out before, by sort key.
func (s *service) chunks(ctx context.Context, from signed) (map[string]chunkItem, error) {
	done := map[string]chunkItem{}
	err := s.table.Partition(ctx, partnership.DeliveryPartition(from.partner.Name, from.id), "", func(attributes map[string]types.AttributeValue) error {
		var item chunkItem
		err := attributevalue.UnmarshalMap(attributes, &item)
		if item.Unread == nil {
			done[item.SK] = item
		}
		return err
	})
	return done, err
}

// carryOut applies one part of a message, once. The part that is returned is
// the one that was stored, by this call or by another. It takes the place of
// what was refused whole under this id before.
func (s *service) carryOut(ctx context.Context, into destination, refusal *result, delivery chunkItem, part []change) (chunkItem, error) {
	for round := range rounds {
		if round > 0 { // perhaps it is the cohort that has changed
			var err error
			if into, refusal, err = s.destination(ctx, into.partner, *part[0].message); err != nil {
				return delivery, err
			}
		}
		var effects dynamo.Writes
		results, err := s.judge(ctx, &effects, into, refusal, part)
		if err != nil {
			return delivery, err
		}
		text, err := json.Marshal(results)
		if err != nil {
			return delivery, err
		}
		delivery.Results, delivery.Mark = string(text), openwork.Mark{}
		if delivery.Refused, err = refusedOf(part, results); err != nil {
			return delivery, err
		}
		if delivery.Refused != "" {
			delivery.Mark = openwork.Mark{Open: openwork.Refused, OpenAt: s.now().UTC().Format(time.RFC3339Nano) + "#" + delivery.SK}
		}
		writes := dynamo.Writes{Err: effects.Err}
		writes.Add(s.table.Put(delivery, s.firstDelivery))
		writes.Items = append(writes.Items, effects.Items...)
		err = writes.Commit(ctx, s.table.Client)
		var refused *dynamo.Refused
		if !errors.As(err, &refused) {
			return delivery, err
		}
		if refused.Failed(0) {
			var first chunkItem
			_, err := refused.Old(0, &first)
			return first, err
		}
		if err := rest(ctx, round); err != nil {
			return delivery, err
		}
	}
	return delivery, errBusy
}

// rest waits a little longer each round, with full jitter.
func rest(ctx context.Context, round int) error {
	timer := time.NewTimer(rand.N(2 * time.Millisecond << min(round, 6)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// change is one record of a message, or its announcement.
type change struct {
	index int
	kind  string
	at    time.Time
	record
	message *message
	// double tells that an earlier record of the message names the same territory.
	double bool
}

// changes are the records of a message, in order.
func (m message) changes() (all []change) {
	if m.announced != nil {
		return []change{{kind: m.kind, at: m.at, message: &m}}
	}
	kind := m.kind
	if kind == cohortSnapshot {
		kind = territoryEnrolled
	}
	seen := map[string]bool{}
	for i, r := range m.records {
		code := strings.ToUpper(r.Territory)
		if found, ok := current(r.Territory); ok {
			code = found.Ref()
		}
		all = append(all, change{index: i, kind: kind, at: m.at, record: r, message: &m, double: seen[code]})
		seen[code] = true
	}
	return all
}
