package booking

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
)

// follow does what follows from a change of the table Agenda: a free seat or a
// new ticket calls the matcher, a booking that changes is told by mail, and a
// session that moves or is cancelled is told to all who have booked. It may
// see a change twice, and reads what is true now.
func (s *service) follow(ctx context.Context, record events.DynamoDBEventRecord) error {
	pk, sk := text(record.Change.Keys["pk"]), text(record.Change.Keys["sk"])
	removed := record.EventName == string(events.DynamoDBOperationTypeRemove)
	session := strings.TrimPrefix(pk, sessionPartition(""))
	switch {
	case removed:
		return nil
	case strings.HasPrefix(sk, seatPrefix), strings.HasPrefix(sk, waitPrefix):
		return s.match(ctx, session, everyone)
	case sk == sessionKey("").SK:
		return s.tellAll(ctx, session)
	case strings.HasPrefix(sk, bookingPrefix):
		return s.tellChange(ctx, record)
	}
	return nil
}

func text(v events.DynamoDBAttributeValue) string {
	if v.DataType() != events.DataTypeString {
		return ""
	}
	return v.String()
}

// stamp tells one change of one booking from all others.
type stamp struct{ booking, changes, attended string }

func stampOf(image map[string]events.DynamoDBAttributeValue) stamp {
	st := stamp{booking: text(image["booking_id"])}
	if n := image["changes"]; n.DataType() == events.DataTypeNumber {
		st.changes = n.Number()
	}
	if b := image["attended"]; b.DataType() == events.DataTypeBoolean {
		st.attended = strconv.FormatBool(b.Boolean())
	}
	return st
}

// tellChange mails what became of a booking, once for each change.
func (s *service) tellChange(ctx context.Context, change events.DynamoDBEventRecord) error {
	before, after := stampOf(change.Change.OldImage), stampOf(change.Change.NewImage)
	key := dynamo.Key{PK: text(change.Change.Keys["pk"]), SK: text(change.Change.Keys["sk"])}
	var record bookingItem
	found, err := s.table.Get(ctx, key, &record)
	if err != nil || !found || record.ID != after.booking {
		return err // erased, or booked anew: the newer booking has its own mails
	}
	item, err := s.session(ctx, record.Session)
	if err != nil {
		return err
	}
	if before.booking == after.booking && before.changes == after.changes {
		if before.attended != after.attended && record.Attended {
			return s.mail(ctx, "session-thanks", item, record, "thanks")
		}
		return nil
	}
	if item.State == cancelled {
		return s.tell(ctx, item, record)
	}
	if after.changes != strconv.Itoa(record.Changes) {
		return nil // what came next will be told instead
	}
	template := map[string]string{waiting: "booking-waiting", confirmed: "booking-confirmed", cancelled: "booking-cancelled"}[record.State]
	if record.State == confirmed && record.Promoted {
		template = "booking-promoted"
	}
	return s.mail(ctx, template, item, record, after.changes)
}

// tellAll tells everyone who holds a booking that the session has changed.
func (s *service) tellAll(ctx context.Context, session string) error {
	item, err := s.session(ctx, session)
	if err != nil || item.Sequence == 0 {
		return ignoreMissing(err)
	}
	records, err := s.bookings(ctx, session)
	if err != nil {
		return err
	}
	for _, record := range records {
		if err := s.tell(ctx, item, record); err != nil {
			return err
		}
	}
	return nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, errNoSession) {
		return nil
	}
	return err
}

// tell tells one person of the latest change of a session, unless they know, or
// it is over and did not take place.
func (s *service) tell(ctx context.Context, item sessionItem, record bookingItem) error {
	if record.State == cancelled || record.Told >= item.Sequence || item.Missed {
		return nil
	}
	template := "session-moved"
	if item.State == cancelled {
		template = "session-cancelled"
	}
	intent, err := s.intent(ctx, template, item, record, "seq"+strconv.Itoa(item.Sequence))
	if err != nil {
		return err
	}
	var writes dynamo.Writes
	writes.Add(s.table.Update(record.Key, expression.Set(expression.Name("told"), expression.Value(item.Sequence)),
		expression.Name("told").LessThan(expression.Value(item.Sequence)).
			And(expression.Name("booking_id").Equal(expression.Value(record.ID)))))
	writes.Add(s.table.Put(intent, dynamo.Absent))
	return refusedAsDone(writes.Commit(ctx, s.table.Client))
}

// refusedAsDone takes a refusal for what it is here: somebody did it before.
func refusedAsDone(err error) error {
	var refused *dynamo.Refused
	if errors.As(err, &refused) {
		return nil
	}
	return err
}

// mail asks for a mail about a booking. The reason makes its id, so that the
// same mail asked for twice is one. Nothing is asked for a person who has been
// erased meanwhile.
func (s *service) mail(ctx context.Context, template string, item sessionItem, record bookingItem, reason string) error {
	intent, err := s.intent(ctx, template, item, record, reason)
	if err != nil {
		return err
	}
	var writes dynamo.Writes
	writes.Add(s.table.Put(intent, dynamo.Absent))
	if record.Told < item.Sequence { // this mail tells what the session has become, too
		writes.Add(s.table.Update(record.Key, expression.Set(expression.Name("told"), expression.Value(item.Sequence)),
			expression.Name("told").Equal(expression.Value(record.Told))))
	} else {
		writes.Add(s.table.Check(record.Key, dynamo.Exists))
	}
	err = writes.Commit(ctx, s.table.Client)
	var refused *dynamo.Refused
	if errors.As(err, &refused) && !refused.Failed(0) {
		var old bookingItem
		if found, _ := refused.Old(1, &old); found && old.ID == record.ID {
			return fmt.Errorf("mail of %s: told of the session meanwhile, to be read again: %w", record.ID, err)
		}
	}
	return refusedAsDone(err)
}

func (s *service) intent(ctx context.Context, template string, item sessionItem, record bookingItem, reason string) (mail.Intent, error) {
	manage, err := s.manageURL(ctx, item, record)
	if err != nil {
		return mail.Intent{}, err
	}
	data := map[string]string{"title": item.Title, mail.About: teamAgenda + "/" + item.ID}
	if record.ByHand {
		data["by_hand"] = "true" // the foot of the mail says how we have the address
	}
	if template != "session-thanks" {
		data["when"], data["place"] = french.Period(item.StartsAt, item.EndsAt), item.where()
	}
	method := ics.MethodRequest
	switch template {
	case "booking-waiting":
		position, err := s.position(ctx, item.ID, record.Ticket)
		if err != nil {
			return mail.Intent{}, err
		}
		data["manage"], data["position"] = manage, strconv.Itoa(position)
	case "booking-cancelled", "session-cancelled":
		method, data["agenda"] = ics.MethodCancel, "/agenda"
	case "session-thanks":
		data["manage"] = manage
	default:
		data["manage"], data["join"] = manage, item.JoinURL
	}
	sum := sha256.Sum256([]byte(record.ID + "#" + template + "#" + reason))
	id := dynamo.ID("mail", record.CreatedAt, bytes.NewReader(sum[:]))
	intent := mail.NewIntent(id, template, personIn(record.PK), record.Email, record.fullName(), data, s.now())
	if template != "booking-waiting" && template != "session-thanks" {
		intent.Calendar = mail.Calendar{Method: string(method), Text: s.invitation(item, record, method)}
	}
	return intent, nil
}

// bookings returns all bookings of a session, in the order in which they were made.
func (s *service) bookings(ctx context.Context, session string) (records []bookingItem, err error) {
	expr, err := expression.NewBuilder().WithKeyCondition(expression.Key("session_id").Equal(expression.Value(session))).Build()
	if err != nil {
		return nil, fmt.Errorf("bookings: %w", err)
	}
	pages := dynamodb.NewQueryPaginator(s.table.Client, &dynamodb.QueryInput{
		TableName: &s.table.Name, IndexName: aws.String("session"), KeyConditionExpression: expr.KeyCondition(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("bookings: %w", err)
		}
		var some []bookingItem
		if err := attributevalue.UnmarshalListOfMaps(page.Items, &some); err != nil {
			return nil, fmt.Errorf("bookings: %w", err)
		}
		records = append(records, some...)
	}
	return records, nil
}

// sendReminders reminds all who come the day before, once each. A session of
// today is caught up with, when the job of yesterday did not run, for those
// who have booked before today.
func (s *service) sendReminders(ctx context.Context, due time.Time) error {
	today := dayBefore(due.AddDate(0, 0, 1))
	items, err := s.planned(ctx, due, today.AddDate(0, 0, 2))
	if err != nil {
		return err
	}
	var failed error
	for _, item := range items {
		records, err := s.bookings(ctx, item.ID)
		failed = errors.Join(failed, err)
		for _, record := range records {
			late := item.StartsAt.Before(today.AddDate(0, 0, 1))
			if record.State != confirmed || record.Reminded || late && !record.CreatedAt.Before(today) {
				continue
			}
			failed = errors.Join(failed, s.remind(ctx, item, record))
		}
	}
	return failed
}

func (s *service) remind(ctx context.Context, item sessionItem, record bookingItem) error {
	intent, err := s.intent(ctx, "booking-reminder", item, record, "reminder")
	if err != nil {
		return err
	}
	fresh := expression.AttributeNotExists(expression.Name("reminded")).
		And(expression.Name("state").Equal(expression.Value(confirmed))).
		And(expression.Name("booking_id").Equal(expression.Value(record.ID)))
	var writes dynamo.Writes
	writes.Add(s.table.Update(record.Key, expression.Set(expression.Name("reminded"), expression.Value(true)), fresh))
	writes.Add(s.table.Put(intent, dynamo.Absent))
	return refusedAsDone(writes.Commit(ctx, s.table.Client))
}
