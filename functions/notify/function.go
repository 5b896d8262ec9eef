// Package notify sends the platform's e-mails. Other functions write an
// intent in the transaction that causes a mail; the stream of their table
// brings it here, where it is kept until a provider has taken it.
//
// It owns the table Mails: the outbox, and who must not be written to.
package notify

import (
	"embed"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	netmail "net/mail"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/audit"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/mail/ses"
	"github.com/fabrique-des-transitions/fabrique/shared/mail/smtp"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// The settings that only this function reads.
var (
	smtpURL = function.Setting{Name: "SMTP_URL",
		Purpose: "SMTP server that takes the mails, smtp://user:password@host:port or smtps://…; empty: Amazon SES"}
	configurationSet = function.Setting{Name: "SES_CONFIGURATION_SET",
		Purpose: "configuration set of Amazon SES that publishes bounces and complaints to the event bus"}
)

// timeout is for one invocation: a batch of changes, or a round of retries.
const timeout = time.Minute

// Function is the declaration.
var Function = function.Define(function.Spec[service]{
	Name:    "notify",
	Purpose: "sends the e-mails that other functions ask for, and stops writing to those who refuse or cannot receive",
	Memory:  256,
	Timeout: timeout,
	Tables: []function.Use{
		{Table: function.Mails, Right: function.ReadWrite},
		{Table: function.Audit, Right: function.Append},
		{Table: function.Allies, Right: function.Read}, // whom the team's pages call by name
	},
	Secrets:   []function.Secret{function.LinkKey, function.IdentityKey},
	Settings:  []function.Setting{function.PublicURL, smtpURL, configurationSet, function.MailFrom},
	SendsMail: true,
	Open:      open,
	Routes: append([]function.Route[service]{
		{Method: http.MethodGet, Path: "/desinscription", Access: function.Link, Handle: (*service).askUnsubscribe,
			Doc: function.Doc{Summary: "Page that asks whether to stop the alliance's news", Page: true,
				Query: tokenQuery{}, Faults: []string{"invalid-token", "expired-token"}}},
		{Method: http.MethodPost, Path: "/desinscription", Access: function.Provider, Handle: (*service).unsubscribe,
			Doc: function.Doc{Summary: "Stop the alliance's news, from a mail program (RFC 8058) or from the page", Page: true,
				Query: tokenQuery{}, Faults: []string{"invalid-token", "expired-token"}}},
		{Method: http.MethodPost, Path: "/desinscription/annuler", Access: function.Link, Handle: (*service).resubscribe,
			Doc: function.Doc{Summary: "Receive the alliance's news again", Page: true,
				Query: tokenQuery{}, Faults: []string{"invalid-token", "expired-token"}}},
		{Method: http.MethodGet, Path: "/v1/mails/suppressions", Access: function.Team, Handle: (*service).listSuppressions,
			Doc: function.Doc{Summary: "People whom the platform no longer writes to, and why; the latest first",
				Query: suppressionsQuery{}, Answer: suppressionsAnswer{}}},
		{Method: http.MethodPost, Path: "/v1/mails/suppressions/{person}/lift", Access: function.Team, Handle: (*service).postLift,
			Doc: function.Doc{Summary: "Write again to a person whose address had bounced or complained",
				Answer: liftAnswer{}, Faults: []string{"unsubscribed-by-choice"}}},
		{Method: http.MethodGet, Path: "/v1/mails", Access: function.Team, Handle: (*service).getMails,
			Doc: function.Doc{Summary: "What was sent to whom, why, and what became of it; the latest first", Query: mailsQuery{}, Answer: mailsAnswer{}}},
	}, teamRoutes...),
	Schedules: []function.Schedule[service]{{
		Name: "retry-mails", Purpose: "sends again what a provider did not take, and what a crash left behind",
		When: function.Every(5 * time.Minute), Run: (*service).retryMails,
	}},
	Streams: []function.Stream[service]{
		{Table: function.Allies, Prefixes: []function.KeyPrefix{{Attribute: "sk", Prefix: mail.IntentPrefix}}, Consume: (*service).consume},
		{Table: function.Applications, Prefixes: []function.KeyPrefix{{Attribute: "sk", Prefix: mail.IntentPrefix}}, Consume: (*service).consume},
		{Table: function.Agenda, Prefixes: []function.KeyPrefix{{Attribute: "sk", Prefix: mail.IntentPrefix}}, Consume: (*service).consume},
		{Table: function.Bilans, Prefixes: []function.KeyPrefix{{Attribute: "sk", Prefix: mail.IntentPrefix}}, Consume: (*service).consume},
	},
	Notices: []function.Notice[service]{{
		Name: "mail-feedback", Source: "aws.ses", DetailTypes: []string{bounced, complained},
		Receive: (*service).feedback,
	}},
	Erase: (*service).erase,
})

//go:embed pages/*.html
var pageFiles embed.FS

type service struct {
	table    dynamo.Table
	allies   dynamo.Table
	audit    audit.Trail
	identity auth.Key
	sender   mail.Sender
	from     netmail.Address
	origin   string // of the public pages
	links    auth.Links
	pages    *web.Templates
	now      func() time.Time
	random   io.Reader
	log      *slog.Logger
	line     line
	// claimable is the condition under which a mail may be claimed for
	// sending. A test takes it away, to show that it would see a double.
	claimable func(now time.Time) expression.ConditionBuilder
}

func open(rt function.Runtime) (*service, error) {
	from, err := netmail.ParseAddress(rt.Setting(function.MailFrom))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", function.MailFrom.Name, err)
	}
	var sender mail.Sender = ses.New(rt.AWS, rt.Setting(configurationSet))
	if server := rt.Setting(smtpURL); server != "" {
		if sender, err = smtp.New(server); err != nil {
			return nil, err
		}
	}
	pages := web.NewTemplates(pageFiles)
	pages.Origin = rt.Setting(function.PublicURL)
	return &service{
		table: rt.Table(function.Mails), allies: rt.Table(function.Allies), audit: audit.Trail{Table: rt.Table(function.Audit), Now: rt.Now, NewID: rt.ID},
		identity: rt.Key(function.IdentityKey), sender: sender, from: *from, origin: rt.Setting(function.PublicURL),
		links: auth.Links{Key: rt.Key(function.LinkKey), Now: rt.Now}, pages: pages,
		now: rt.Now, random: rt.Random, log: rt.Log, claimable: isDue,
	}, nil
}
