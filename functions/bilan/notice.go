package bilan

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// noticeItem is something that the team should know of the bilan.
type noticeItem struct {
	dynamo.Key
	Name string    `dynamodbav:"name"`
	At   time.Time `dynamodbav:"at"`
	Text string    `dynamodbav:"text"`
}

// noticeView is a notice as it travels.
type noticeView struct {
	Name string    `json:"name" doc:"The schedule that tells it"`
	At   time.Time `json:"at"`
	Text string    `json:"text" doc:"French, for a person"`
}

type notices struct {
	Items []noticeView `json:"items"`
}

const (
	noticesPartition = "NOTICES"
	noticesShown     = 20
)

// notice is the transaction item that tells the team something.
func (s *service) notice(name string, at time.Time, text string) (types.TransactWriteItem, error) {
	at = at.UTC().Truncate(time.Second)
	return s.table.Put(noticeItem{dynamo.Key{PK: noticesPartition, SK: at.Format(time.RFC3339) + "#" + name}, name, at, text})
}

// tell makes the transaction items that tell the team something: a notice on
// its pages, and a mail to its address when the settings name one.
func (s *service) tell(ctx context.Context, name, text string) ([]types.TransactWriteItem, error) {
	now := s.now()
	var writes dynamo.Writes
	writes.Add(s.notice(name, now, text))
	if address, ok := alliance.ParseEmail(s.teamMail); ok {
		person, err := personal.Hash(ctx, s.identity, alliance.NormaliseEmail(address))
		if err != nil {
			return nil, err
		}
		writes.Add(s.table.Put(mail.NewIntent(s.newID("mail"), "team-notice", person, address, "",
			map[string]string{"text": text, "page": "/equipe/bilans", mail.About: "/equipe/bilans"}, now)))
	}
	return writes.Items, writes.Err
}

// notices are the latest. They cost a read unit or two.
func (s *service) notices(ctx context.Context) (list notices, err error) {
	list.Items = []noticeView{}
	expr, err := expression.NewBuilder().WithKeyCondition(expression.Key("pk").Equal(expression.Value(noticesPartition))).Build()
	if err != nil {
		return list, fmt.Errorf("notices: %w", err)
	}
	answer, err := s.table.Client.Query(ctx, &dynamodb.QueryInput{
		TableName: &s.table.Name, KeyConditionExpression: expr.KeyCondition(), Limit: aws.Int32(noticesShown), ScanIndexForward: aws.Bool(false),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	})
	if err != nil {
		return list, fmt.Errorf("notices: %w", err)
	}
	for _, attributes := range answer.Items {
		var item noticeItem
		if err := attributevalue.UnmarshalMap(attributes, &item); err != nil {
			return list, err
		}
		list.Items = append(list.Items, noticeView{item.Name, item.At, item.Text})
	}
	return list, nil
}

func (s *service) getNotices(w http.ResponseWriter, r *http.Request) error {
	list, err := s.notices(r.Context())
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, list)
}
