package partner

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
)

// refusedRecord is a record that was rejected, with all that it needs to be judged
// again: what a partner was refused today may hold tomorrow, when the cohort
// is made, a region added or a territory known. Of the four it keeps the roles,
// as the rest of the table does.
type refusedRecord struct {
	Index       int                    `json:"index"`
	Kind        string                 `json:"kind"`
	At          time.Time              `json:"at"`
	Cohort      string                 `json:"cohort"`
	Territory   string                 `json:"territory,omitempty"`
	EnrolledOn  string                 `json:"enrolled_on,omitempty"`
	WithdrawnOn string                 `json:"withdrawn_on,omitempty"`
	Milestone   string                 `json:"milestone,omitempty"`
	ReachedOn   string                 `json:"reached_on,omitempty"`
	Roles       []string               `json:"roles,omitempty"`
	Double      bool                   `json:"double,omitempty"`
	Announced   *partnership.Announced `json:"announced,omitempty"`
}

// refusedOf keeps the records of a part that were rejected; empty when none was.
func refusedOf(part []change, results []result) (string, error) {
	var kept []refusedRecord
	for i, c := range part {
		if results[i].Status != rejected {
			continue
		}
		kept = append(kept, refusedRecord{c.index, c.kind, c.at, c.message.cohort, c.Territory, c.EnrolledOn, c.WithdrawnOn, c.Milestone, c.ReachedOn,
			c.roles(), c.double, c.message.announced})
	}
	if len(kept) == 0 {
		return "", nil
	}
	text, err := json.Marshal(kept)
	return string(text), err
}

// change is the record as it was read when it came.
func (f refusedRecord) change() change {
	quartet := map[string]map[string]any{}
	for _, role := range f.Roles {
		quartet[role] = map[string]any{"known": true}
	}
	return change{index: f.Index, kind: f.Kind, at: f.At, double: f.Double,
		record:  record{Territory: f.Territory, EnrolledOn: f.EnrolledOn, WithdrawnOn: f.WithdrawnOn, Milestone: f.Milestone, ReachedOn: f.ReachedOn, Quartet: quartet},
		message: &message{kind: f.Kind, at: f.At, cohort: f.Cohort, announced: f.Announced}}
}

// again are the results of records that were judged again.
func (i chunkItem) again() (results []result, err error) {
	if i.Again != "" {
		err = json.Unmarshal([]byte(i.Again), &results)
	}
	return results, err
}

// waiting are the records of a part that are rejected still.
func (i chunkItem) waiting() (records []refusedRecord, err error) {
	if i.Refused == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(i.Refused), &records); err != nil {
		return nil, err
	}
	settled, err := i.again()
	return slices.DeleteFunc(records, func(f refusedRecord) bool {
		return slices.ContainsFunc(settled, func(r result) bool { return r.Index == f.Index })
	}), err
}

var (
	errNoDelivery = fault.New(fault.NotFound, "unknown-delivery", "Ce message n’existe pas, ou n’est plus gardé : ils le sont trente jours.")
	errJudged     = fault.New(fault.Conflict, "changed-meanwhile", "Ces données changent en ce moment : recommencez dans un instant.")
)

// judgeAgain judges the rejected records of a message by what is true now. It
// returns how many are no longer rejected. The order of arrival does not matter: each counts as of the instant of its message, so
// what was said later stands.
func (s *service) judgeAgain(ctx context.Context, partner alliance.Partner, webhook string) (settled int, err error) {
	chunks, err := s.delivered(ctx, partner, webhook)
	if err != nil {
		return 0, err
	}
	for _, chunk := range chunks {
		done, err := s.judgeChunk(ctx, partner, chunk)
		if err != nil {
			return settled, err
		}
		settled += done
	}
	return settled, nil
}

// delivered are the parts of a message, or that it was refused whole. It returns the fault
// "unknown-delivery" when there is none.
func (s *service) delivered(ctx context.Context, partner alliance.Partner, webhook string) (chunks []chunkItem, err error) {
	err = s.table.Partition(ctx, partnership.DeliveryPartition(partner.Name, webhook), "", func(attributes map[string]types.AttributeValue) error {
		var item chunkItem
		err := attributevalue.UnmarshalMap(attributes, &item)
		chunks = append(chunks, item)
		return err
	})
	if err == nil && len(chunks) == 0 {
		err = errNoDelivery
	}
	return chunks, err
}

// judgeChunk is judgeAgain for one part, in one transaction with its effects
// and the entry in the trail. Nothing is written while all stay rejected.
func (s *service) judgeChunk(ctx context.Context, partner alliance.Partner, chunk chunkItem) (settled int, err error) {
	records, err := chunk.waiting()
	if err != nil || len(records) == 0 {
		return 0, err
	}
	var part []change
	for _, record := range records {
		part = append(part, record.change())
	}
	for round := range rounds {
		into, refusal, err := s.destination(ctx, partner, *part[0].message)
		if err != nil {
			return 0, err
		}
		var effects dynamo.Writes
		results, err := s.judge(ctx, &effects, into, refusal, part)
		if err != nil {
			return 0, err
		}
		now := slices.DeleteFunc(results, func(r result) bool { return r.Status == rejected })
		if len(now) == 0 {
			return 0, nil
		}
		err = s.keepAgain(ctx, partner, chunk, now, len(now) == len(records), effects)
		var refused *dynamo.Refused
		if !errors.As(err, &refused) {
			return len(now), err
		}
		if refused.Failed(0) {
			return 0, errJudged // by someone else, at this moment
		}
		if err := rest(ctx, round); err != nil {
			return 0, err
		}
	}
	return 0, errBusy
}

// countOf counts results by their status.
func countOf(results []result) map[string]int {
	count := map[string]int{}
	for _, one := range results {
		count[one.Status]++
	}
	return count
}

// keepAgain writes what became of records that were judged again, with its
// effects. Once all are settled the part no longer waits for the team.
func (s *service) keepAgain(ctx context.Context, partner alliance.Partner, chunk chunkItem, now []result, settled bool, effects dynamo.Writes) error {
	before, err := chunk.again()
	if err != nil {
		return err
	}
	text, err := json.Marshal(append(before, now...))
	if err != nil {
		return err
	}
	update := expression.Set(expression.Name("again"), expression.Value(string(text)))
	if settled {
		update = update.Remove(expression.Name("open")).Remove(expression.Name("open_at"))
	}
	writes := dynamo.Writes{Err: effects.Err}
	writes.Add(s.table.Update(chunk.Key, update, chunk.sameAgain(), dynamo.Exists))
	writes.Add(s.audit.Entry(ctx, "webhook.judged-again", chunk.Receipt, nil, map[string]any{"partner": partner.Name, "message": chunk.Webhook, "results": countOf(now)}))
	writes.Items = append(writes.Items, effects.Items...)
	return writes.Commit(ctx, s.table.Client)
}
