package cohort

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
)

// wordItem is what the team wrote to the four, with a decision or by itself. It
// stands with the application, for the team alone, names nobody but by their
// roles, and goes with the last of the four.
type wordItem struct {
	dynamo.Key
	Text      string          `dynamodbav:"text"`
	Decision  string          `dynamodbav:"decision,omitempty"` // that it went with
	By        string          `dynamodbav:"by"`                 // the issuer's subject of who wrote it
	To        []alliance.Role `dynamodbav:"to"`
	CreatedAt time.Time       `dynamodbav:"created_at"`
}

const wordPrefix = "WORD#"

// keepWord adds what is written to some of the four of an application.
func (s *service) keepWord(ctx context.Context, writes *dynamo.Writes, application, decision, text string, people []memberItem) {
	member, _ := auth.MemberOf(ctx)
	word := wordItem{Key: applicationKey(application), Text: text, Decision: decision, By: member.Subject, CreatedAt: s.now().UTC()}
	word.SK = wordPrefix + s.newID("word")
	for _, m := range people {
		word.To = append(word.To, m.Role)
	}
	writes.Add(s.table.Put(word, dynamo.Absent))
}

// words are what the team wrote to the four, the latest first.
func (s *service) words(ctx context.Context, application string) (found []wordItem, err error) {
	err = s.table.Partition(ctx, applicationKey(application).PK, wordPrefix, func(attributes map[string]types.AttributeValue) error {
		var word wordItem
		err := attributevalue.UnmarshalMap(attributes, &word)
		found = append(found, word)
		return err
	})
	slices.SortStableFunc(found, func(a, b wordItem) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return found, err
}

// forgetWords deletes what the team wrote to the four.
func (s *service) forgetWords(ctx context.Context, application string) error {
	found, err := s.words(ctx, application)
	if err != nil {
		return err
	}
	for _, word := range found {
		var writes dynamo.Writes
		writes.Add(s.table.Delete(word.Key))
		if err := writes.Commit(ctx, s.table.Client); err != nil {
			return err
		}
	}
	return nil
}

// formerMember is what pages call someone whose account was erased.
const formerMember = "Ancien compte"

// wordView is a word as the page of its application shows it.
type wordView struct {
	wordItem
	DecisionLabel string
	Name          string   // of who wrote it
	Roles         []string // to whom
}

// viewWords are the words of an application, with the names of who wrote them.
func (s *service) viewWords(ctx context.Context, application string) (views []wordView, err error) {
	found, err := s.words(ctx, application)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	names, err := s.sessions.Names(ctx)
	if err != nil {
		return nil, err
	}
	for _, word := range found {
		view := wordView{wordItem: word, DecisionLabel: statusLabels[word.Decision], Name: names[word.By]}
		if view.Name == "" {
			view.Name = formerMember
		}
		for _, role := range word.To {
			view.Roles = append(view.Roles, role.Label())
		}
		views = append(views, view)
	}
	return views, nil
}
