package notify

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// mailsQuery is what the list of mails may be narrowed by.
type mailsQuery struct {
	State  string `query:"state" doc:"queued, sending, sent, failed, suppressed or unsubscribed"`
	Person string `query:"person" doc:"Keyed hash of the person, as the list gives it"`
	Limit  int    `query:"limit" doc:"At most 100, 20 by default"`
	Cursor string `query:"cursor"`
}

// mailEntry is a mail as the team sees it. Its address is only known until it
// is sent.
type mailEntry struct {
	ID       string `json:"id"`
	Person   string `json:"person" doc:"Keyed hash that stands for the person in every table"`
	Template string `json:"template"`
	State    string `json:"state" enum:"queued,sending,sent,failed,suppressed,unsubscribed"`
	AskedAt  string `json:"asked_at" format:"date-time"`
	EndedAt  string `json:"ended_at,omitempty" format:"date-time"`
	Reason   string `json:"reason,omitempty" doc:"Why it failed"`
	Attempts int    `json:"attempts"`
}

type mailsAnswer struct {
	Items      []mailEntry `json:"items"`
	NextCursor string      `json:"next_cursor,omitempty"`
}

// stateLabels are the states as people read them, in the order of the page.
var stateLabels = []web.Option{
	{Value: queued, Label: "En attente"}, {Value: sending, Label: "En cours d’envoi"}, {Value: sent, Label: "Envoyé"},
	{Value: failed, Label: "Échec"}, {Value: suppressed, Label: "Non envoyé : envois suspendus"},
	{Value: unsubscribed, Label: "Non envoyé : ne veut pas de nouvelles"},
}

func readMailsQuery(values url.Values, faults *fault.Fields) mailsQuery {
	query := mailsQuery{State: values.Get("state"), Person: values.Get("person"), Limit: 20, Cursor: values.Get("cursor")}
	if text := values.Get("limit"); text != "" {
		var err error
		if query.Limit, err = strconv.Atoi(text); err != nil || query.Limit < 1 || query.Limit > 100 {
			faults.Add("query.limit", "Demandez de 1 à 100 éléments.")
		}
	}
	if query.State != "" && !slices.ContainsFunc(stateLabels, func(o web.Option) bool { return o.Value == query.State }) {
		faults.Add("query.state", "Choisissez un état dans la liste.")
	}
	return query
}

func (s *service) getMails(w http.ResponseWriter, r *http.Request) error {
	var faults fault.Fields
	query := readMailsQuery(r.URL.Query(), &faults)
	if err := faults.Err(); err != nil {
		return err
	}
	answer, err := s.mails(r.Context(), query)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, answer)
}

// mails returns a page of what was asked to be sent, the latest first: to one
// person all that is recorded, else from the index.
func (s *service) mails(ctx context.Context, query mailsQuery) (answer mailsAnswer, err error) {
	answer.Items = []mailEntry{}
	if query.Person != "" {
		answer.Items, err = s.mailsTo(ctx, query)
		return answer, err
	}
	for cursor := query.Cursor; ; {
		page, err := s.latest(ctx, "mails", "list", "list_at", allMails, query.Limit+1, cursor)
		if err != nil {
			return answer, err
		}
		for _, attributes := range page.Items {
			entry, err := readEntry(attributes)
			if err != nil {
				return answer, err
			}
			if query.State != "" && entry.State != query.State {
				continue
			}
			if len(answer.Items) == query.Limit {
				answer.NextCursor, err = answer.Items[query.Limit-1].cursor()
				return answer, err
			}
			answer.Items = append(answer.Items, entry)
		}
		if cursor, err = dynamo.Cursor(page.LastEvaluatedKey); err != nil || cursor == "" {
			return answer, err
		}
	}
}

func readEntry(attributes map[string]types.AttributeValue) (mailEntry, error) {
	var item mailItem
	err := attributevalue.UnmarshalMap(attributes, &item)
	return mailEntry{
		ID: item.ID, Person: personOf(item.Key), Template: item.Template, State: item.State,
		AskedAt: item.CreatedAt, EndedAt: item.EndedAt, Reason: item.Reason, Attempts: item.Attempts,
	}, err
}

// cursor is where the list goes on after this mail.
func (e mailEntry) cursor() (string, error) {
	at := mailKey(e.Person, e.ID).Attributes()
	at["list"] = &types.AttributeValueMemberS{Value: allMails}
	at["list_at"] = &types.AttributeValueMemberS{Value: e.AskedAt + "#" + e.ID}
	return dynamo.Cursor(at)
}

func (s *service) mailsTo(ctx context.Context, query mailsQuery) ([]mailEntry, error) {
	found := []mailEntry{}
	err := s.table.Partition(ctx, personal.Partition(query.Person), mail.IntentPrefix, func(attributes map[string]types.AttributeValue) error {
		entry, err := readEntry(attributes)
		if err == nil && (query.State == "" || entry.State == query.State) {
			found = append(found, entry)
		}
		return err
	})
	slices.SortFunc(found, func(a, b mailEntry) int { return strings.Compare(b.AskedAt+b.ID, a.AskedAt+a.ID) })
	return found, err
}

// person is who an address stands for, empty with a fault for what is none.
func (s *service) person(ctx context.Context, address string, faults *fault.Fields) (string, error) {
	parsed, ok := alliance.ParseEmail(address)
	if !ok {
		faults.Add("q", "Saisissez une adresse e-mail comme nom@exemple.fr")
		return "", nil
	}
	return personal.Hash(ctx, s.identity, alliance.NormaliseEmail(parsed))
}

// sendAgain puts a mail that failed, or waits, at the head of the queue: the
// next round takes it. It returns the Conflict fault "mail-not-held" for one
// whose address and content are forgotten.
func (s *service) sendAgain(ctx context.Context, person, id string) error {
	now := s.now()
	update := expression.Set(expression.Name("state"), expression.Value(queued)).
		Set(expression.Name("due"), expression.Value(dueShard)).
		Set(expression.Name("due_at"), expression.Value(stamp(now))).
		Set(expression.Name("expires_at"), expression.Value(now.Add(recordFor).Unix())).
		Remove(expression.Name("reason")).Remove(expression.Name("ended_at"))
	var writes dynamo.Writes
	writes.Add(s.table.Update(mailKey(person, id), update, expression.AttributeExists(expression.Name("to")),
		expression.Name("state").In(expression.Value(failed), expression.Value(queued))))
	writes.Add(s.audit.Entry(ctx, "mail.sent_again", id, nil, nil))
	err := writes.Commit(ctx, s.table.Client)
	var refused *dynamo.Refused
	if errors.As(err, &refused) {
		return fault.New(fault.Conflict, "mail-not-held", "Ce message est déjà parti, ou nous ne gardons plus ni son adresse ni son contenu. Demandez à la personne de recommencer ce qui l’avait causé.")
	}
	return err
}
