package cohort

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/applicant"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// erase deletes all that Applications holds on a person who leaves from before
// they asked. The roles that they held become free to be named again; what
// was decided stays, and so do the facts, which name nobody.
func (s *service) erase(ctx context.Context, person string, requested time.Time) error {
	return personal.Held(ctx, s.table, person, "", func(attributes map[string]types.AttributeValue) error {
		var found memberItem
		if err := attributevalue.UnmarshalMap(attributes, &found); err != nil {
			return err
		}
		if found.CreatedAt.After(requested) {
			return nil
		}
		if !strings.HasPrefix(found.SK, applicant.Prefix) {
			var writes dynamo.Writes
			writes.Add(s.table.Delete(found.Key))
			return writes.Commit(ctx, s.table.Client)
		}
		return s.eraseMember(ctx, person, found)
	})
}

// eraseMember deletes one of the four, and the role that they held. With the last
// of them goes what the team wrote to them, and the territory is free: nobody
// stands for the application any more. What was written goes first, as the role
// is what tells that it must.
func (s *service) eraseMember(ctx context.Context, person string, m memberItem) error {
	for range rounds {
		var writes dynamo.Writes
		writes.Add(s.table.Delete(m.Key))
		item, err := s.application(ctx, m.Application)
		if err != nil && !errors.Is(err, errNoApplication) {
			return err
		}
		if err == nil && item.Members[m.Role].Person == person {
			role := expression.Name("members." + string(m.Role))
			writes.Add(s.table.Update(item.Key, expression.Remove(role).Remove(expression.Name("open")).Remove(expression.Name("open_at")).
				Add(expression.Name("revision"), expression.Value(1)), sameRevision(item)))
			if len(item.Members) == 1 {
				if err := s.forgetLast(ctx, &writes, item); err != nil {
					return err
				}
			}
		}
		err = writes.Commit(ctx, s.table.Client)
		var refused *dynamo.Refused
		if !errors.As(err, &refused) {
			return err
		}
	}
	return errChanged
}

// forgetLast forgets what only stands as long as one of the four does.
func (s *service) forgetLast(ctx context.Context, writes *dynamo.Writes, item applicationItem) error {
	if err := s.forgetWords(ctx, item.ID); err != nil || !item.undecided() {
		return err
	}
	return s.release(ctx, writes, item)
}
