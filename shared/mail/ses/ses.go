// Package ses hands messages to Amazon SES.
package ses

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"

	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/mail/mime"
)

// Deadline bounds one message.
const Deadline = 10 * time.Second

// The message tags that carry the keyed hash of the recipient and the id of
// the mail. SES gives tags back in its events
// (https://docs.aws.amazon.com/ses/latest/dg/event-publishing-send-email.html),
// so a bounce finds its person and its mail, and no address has to be read.
// Values are of letters, digits, "-" and "_", 256 at most
// (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_MessageTag.html).
const (
	PersonTag = "person"
	MailTag   = "mail"
)

// Sender sends through SES.
type Sender struct {
	client           *sesv2.Client
	configurationSet string
}

// New makes a sender. configurationSet names the configuration set that
// publishes bounces and complaints to the event bus; with none, none are
// heard of.
//
// The SDK does not retry: SendEmail is not idempotent, and a mail that was
// not taken is tried again by whoever keeps it, later and from a record.
func New(cfg aws.Config, configurationSet string) *Sender {
	return &Sender{configurationSet: configurationSet, client: sesv2.NewFromConfig(cfg, func(o *sesv2.Options) {
		o.RetryMaxAttempts = 1
		o.Retryer = aws.NopRetryer{}
		o.HTTPClient = http.NewBuildableClient() // without a deadline shorter than ours
	})}
}

// Send hands over one message, as raw MIME.
func (s *Sender) Send(ctx context.Context, m mail.Message) (receipt string, err error) {
	raw, err := mime.Bytes(m)
	if err != nil {
		return "", err
	}
	to, err := mime.ASCII(m.To)
	if err != nil {
		return "", err
	}
	input := &sesv2.SendEmailInput{
		FromEmailAddress: aws.String(m.From.String()),
		Destination:      &types.Destination{ToAddresses: []string{to.Address}},
		Content:          &types.EmailContent{Raw: &types.RawMessage{Data: raw}},
	}
	if s.configurationSet != "" {
		input.ConfigurationSetName = &s.configurationSet
	}
	if m.Person != "" {
		input.EmailTags = []types.MessageTag{
			{Name: aws.String(PersonTag), Value: &m.Person}, {Name: aws.String(MailTag), Value: &m.ID},
		}
	}
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	answer, err := s.client.SendEmail(ctx, input)
	if err != nil {
		return "", failure(err)
	}
	return aws.ToString(answer.MessageId), nil
}

// failure tells what is wrong with this message from what is wrong with our
// account or with SES (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html).
// The latter are mended by operators within the days that a mail is retried;
// so is a rejected message, since an identity that is not verified yet is
// reported as one.
func failure(err error) *mail.Failure {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return &mail.Failure{Verdict: mail.Down, Reason: "SES does not answer"}
	}
	reason := fmt.Sprintf("SES %s", api.ErrorCode())
	var (
		rejected *types.MessageRejected
		bad      *types.BadRequestException
	)
	switch {
	case errors.As(err, &rejected):
		return &mail.Failure{Verdict: mail.Later, Reason: reason}
	case errors.As(err, &bad):
		return &mail.Failure{Verdict: mail.Refused, Reason: reason}
	}
	return &mail.Failure{Verdict: mail.Down, Reason: reason}
}
