package notify

import (
	"context"
	"errors"
	"net/http"
	"net/url"

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
	State    string `query:"state" doc:"queued, sending, sent, returned, reported, failed, suppressed or unsubscribed"`
	Template string `query:"template" doc:"What the mail was for, as the list gives it"`
	Person   string `query:"person" doc:"Keyed hash of the person, as the list gives it"`
	From     string `query:"from" doc:"The first day, in Paris" format:"date"`
	Until    string `query:"until" doc:"The last day, in Paris" format:"date"`
	Limit    int    `query:"limit" doc:"At most 100, 20 by default"`
	Cursor   string `query:"cursor"`
}

// mailsSearch is such a query, with the days that its texts say.
type mailsSearch struct {
	mailsQuery
	days web.Period
}

// mailEntry is a mail as the team sees it. Its address is only known until it
// is sent.
type mailEntry struct {
	ID       string `json:"id"`
	Person   string `json:"person" doc:"Keyed hash that stands for the person in every table"`
	Template string `json:"template"`
	State    string `json:"state" enum:"queued,sending,sent,returned,reported,failed,suppressed,unsubscribed"`
	AskedAt  string `json:"asked_at" format:"date-time"`
	EndedAt  string `json:"ended_at,omitempty" format:"date-time"`
	Reason   string `json:"reason,omitempty" doc:"Why it failed"`
	Attempts int    `json:"attempts"`
	About    string `json:"-"` // the team's page on what caused it, where that was read
}

type mailsAnswer struct {
	Items      []mailEntry `json:"items"`
	NextCursor string      `json:"next_cursor,omitempty"`
}

// stateLabels are the states as people read them, in the order of the page.
var stateLabels = []web.Option{
	{Value: queued, Label: "En attente"}, {Value: sending, Label: "En cours d’envoi"}, {Value: sent, Label: "Envoyé"},
	{Value: returned, Label: "Revenu\u00a0: l’adresse ne reçoit pas"}, {Value: reported, Label: "Signalé comme indésirable"},
	{Value: failed, Label: "Échec"}, {Value: suppressed, Label: "Non envoyé\u00a0: envois suspendus"},
	{Value: unsubscribed, Label: "Non envoyé\u00a0: ne veut pas de nouvelles"},
}

func readMailsQuery(values url.Values, faults *fault.Fields) mailsSearch {
	query := mailsSearch{days: web.ReadPeriod(values, faults), mailsQuery: mailsQuery{
		State: values.Get("state"), Template: values.Get("template"), Person: values.Get("person"), From: values.Get("from"), Until: values.Get("until"),
		Limit: readLimit(values, faults), Cursor: values.Get("cursor"),
	}}
	if query.State != "" && !web.Offers(stateLabels, query.State) {
		faults.Add("query.state", "Choisissez un état dans la liste.")
	}
	if query.Template != "" && causes[query.Template].Label == "" {
		faults.Add("query.template", "Choisissez une raison dans la liste.")
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
// person out of their partition, else from the index.
func (s *service) mails(ctx context.Context, query mailsSearch) (answer mailsAnswer, err error) {
	if query.Person == "" {
		answer.Items, answer.NextCursor, err = list(ctx, s, mailsIndex, query.days, query.Limit, query.Cursor,
			func(attributes map[string]types.AttributeValue) (mailEntry, bool, error) {
				entry, err := readEntry(attributes)
				return entry, query.keeps(entry) && within(query.days, entry.AskedAt), err
			})
		return answer, err
	}
	all := []mailEntry{}
	err = s.table.Partition(ctx, personal.Partition(query.Person), mail.IntentPrefix, func(attributes map[string]types.AttributeValue) error {
		entry, err := readEntry(attributes)
		if err == nil && query.keeps(entry) && within(query.days, entry.AskedAt) {
			all = append(all, entry)
		}
		return err
	})
	if err != nil {
		return answer, err
	}
	answer.Items, answer.NextCursor, err = pageOf(mailsIndex, all, query.Limit, query.Cursor)
	return answer, err
}

func (q mailsQuery) keeps(entry mailEntry) bool {
	return (q.State == "" || entry.State == q.State) && (q.Template == "" || entry.Template == q.Template)
}

func readEntry(attributes map[string]types.AttributeValue) (mailEntry, error) {
	var item mailItem
	err := attributevalue.UnmarshalMap(attributes, &item)
	return item.entry(), err
}

func (m mailItem) entry() mailEntry {
	return mailEntry{
		ID: m.ID, Person: personOf(m.Key), Template: m.Template, State: m.State,
		AskedAt: m.CreatedAt, EndedAt: m.EndedAt, Reason: m.Reason, Attempts: m.Attempts, About: m.About,
	}
}

// place is where the mail stands in its index.
func (e mailEntry) place() (dynamo.Key, string) {
	return mailKey(e.Person, e.ID), e.AskedAt + "#" + e.ID
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
// whose address and content are forgotten, and "mail-suspended" for one that
// would not go: it would be forgotten too.
func (s *service) sendAgain(ctx context.Context, person, id string) error {
	if !mailKey(person, id).CanExist() {
		return errNoMail
	}
	now := s.now()
	update := expression.Set(expression.Name("state"), expression.Value(queued)).
		Set(expression.Name("due"), expression.Value(dueShard)).
		Set(expression.Name("due_at"), expression.Value(stamp(now))).
		Set(expression.Name("expires_at"), expression.Value(now.Add(recordFor).Unix())).
		Remove(expression.Name("reason")).Remove(expression.Name("ended_at"))
	var writes dynamo.Writes
	held := expression.Name("state").In(expression.Value(failed), expression.Value(queued)) // in every other, the address is forgotten
	writes.Add(s.table.Update(mailKey(person, id), update, held))
	writes.Add(s.audit.Entry(ctx, "mail.sent_again", id, nil, nil))
	const placeOfSuspension = 2
	writes.Add(s.table.Check(mail.SuppressionKey(person), expression.AttributeNotExists(expression.Name("suppressed"))))
	err := writes.Commit(ctx, s.table.Client)
	var refused *dynamo.Refused
	if errors.As(err, &refused) {
		if refused.Failed(placeOfSuspension) {
			return fault.New(fault.Conflict, "mail-suspended", "Les envois à cette personne sont suspendus\u00a0: reprenez-les d’abord, sinon ce message serait perdu.")
		}
		return fault.New(fault.Conflict, "mail-not-held", "Ce message est déjà parti, ou nous ne gardons plus ni son adresse ni son contenu. Demandez à la personne de recommencer ce qui l’avait causé.")
	}
	return err
}
