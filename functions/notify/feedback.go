package notify

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/mail/ses"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// The notices of Amazon SES, as EventBridge names them
// (https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-ses.html).
const (
	bounced    = "Email Bounced"
	complained = "Email Complaint Received"
)

// permanent is the type of bounces after which SES advises not to write again
// (https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html#bounce-types).
const permanent = "Permanent"

// sesNotice is the part of a notice that is read. Addresses are in it too;
// they are left where they are.
type sesNotice struct {
	Bounce struct {
		Type    string `json:"bounceType"`
		SubType string `json:"bounceSubType"`
	} `json:"bounce"`
	Mail struct {
		Tags map[string][]string `json:"tags"`
	} `json:"mail"`
}

func (n sesNotice) tag(name string) string {
	if values := n.Mail.Tags[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// feedback hears of mails that came back or were reported. It may come twice,
// late, or for someone who is gone: see suppress.
func (s *service) feedback(ctx context.Context, event events.EventBridgeEvent) error {
	var notice sesNotice
	if err := json.Unmarshal(event.Detail, &notice); err != nil {
		return fmt.Errorf("notice %s: %w", event.ID, err)
	}
	person, mailID := notice.tag(ses.PersonTag), notice.tag(ses.MailTag)
	log := s.log.With("notice_id", event.ID, "kind", event.DetailType, "mail_id", mailID,
		"bounce", notice.Bounce.Type, "detail", notice.Bounce.SubType)
	reason, state := becauseComplained, reported
	if event.DetailType == bounced {
		if notice.Bounce.Type != permanent { // a full box, a server that is away: the next mail may arrive
			log.InfoContext(ctx, "mail came back for now")
			return nil
		}
		reason, state = becauseBounced, returned
	}
	var record mailItem
	found := false
	if person != "" && mailID != "" {
		var err error
		if found, err = s.table.Get(ctx, mailKey(person, mailID), &record); err != nil {
			return err
		}
	}
	if !found { // erased, or a farewell, which carries no tags
		log.InfoContext(ctx, "notice of a mail that nothing is held of")
		return nil
	}
	log.WarnContext(ctx, "mail came back for good, or unwanted")
	if err := s.suppress(ctx, person, record.CreatedAt, reason); err != nil {
		return err
	}
	// A complaint says more than a bounce: whoever complains has received it.
	change, err := s.table.Update(record.Key, expression.Set(expression.Name("state"), expression.Value(state)),
		expression.Name("state").In(expression.Value(sent), expression.Value(returned)))
	if err != nil {
		return err
	}
	return unlessRefused(dynamo.Transact(ctx, s.table.Client, change))
}

func mailKey(person, mailID string) dynamo.Key {
	return dynamo.Key{PK: personal.Partition(person), SK: mail.IntentPrefix + mailID}
}
