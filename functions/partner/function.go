// Package partner takes what partners say from their own systems: signed
// webhooks, each record of which is applied once, whatever order they come in,
// and answered with a receipt.
//
// It is a trust domain of its own: it writes what partners have said, what
// follows from it in the ledger, and the partners' own secrets; nothing else.
package partner

import (
	"context"
	"embed"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/audit"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
	"github.com/fabrique-des-transitions/fabrique/shared/signin"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// Function is the declaration.
var Function = function.Define(function.Spec[service]{
	Name:    "partner",
	Purpose: "Take the signed webhooks of partners, apply each record once, and give receipts.",
	Memory:  1024, // the geography, and a snapshot of 500 territories in a few seconds
	Timeout: 29 * time.Second,
	Tables: []function.Use{
		{Table: function.Partners, Right: function.ReadWrite},
		{Table: function.Cohorts, Right: function.Read},
		{Table: function.Ledger, Right: function.Append},
		{Table: function.Audit, Right: function.Append},
	},
	Streams: []function.Stream[service]{{
		Table: function.Cohorts, Consume: (*service).followCohort,
		Prefixes: []function.KeyPrefix{{Attribute: "sk", Prefix: partnership.CohortItemSort}},
	}},
	Secrets:  secrets(),
	Rotates:  secrets(),
	Settings: []function.Setting{function.PublicURL},
	Open:     open,
	Routes: append([]function.Route[service]{
		{Method: http.MethodPost, Path: "/v1/webhooks/{partner}", Access: function.Partner, Handle: (*service).postWebhook,
			Doc: function.Doc{Summary: "Say what happened: Standard Webhooks, one receipt for each message", Body: envelope{}, Answer: receipt{},
				Faults: []string{"invalid-signature", "webhook-id-reused"}}},
		{Method: http.MethodGet, Path: "/v1/webhooks/{partner}/receipts", Access: function.Partner, Handle: (*service).getReceipts,
			Doc: function.Doc{Summary: "The partner's own receipts, the latest first; signed over an empty body", Query: receiptsQuery{}, Answer: receiptPage{},
				Faults: []string{"invalid-signature"}}},
		{Method: http.MethodGet, Path: "/partenaires", Access: function.Public, Handle: (*service).partnersPage,
			Doc: function.Doc{Summary: "How partners post their data, with examples that run", Page: true}},
	}, teamRoutes...),
})

// secrets are those of all partners.
func secrets() (all []function.Secret) {
	for _, partner := range alliance.Partners {
		all = append(all, function.PartnerSecret(partner.Name))
	}
	return all
}

// service is an opened partner function.
type service struct {
	table   dynamo.Table // Partners
	cohorts dynamo.Table
	ledger  dynamo.Table
	audit   audit.Trail
	// sessions know the names of who of the team did what
	sessions signin.Sessions
	secret   func(context.Context, function.Secret) ([]byte, error)
	rotate   func(context.Context, function.Secret, func([]byte) ([]byte, error)) error
	random   io.Reader
	now      func() time.Time
	newID    func(prefix string) string
	log      *slog.Logger
	origin   string
	pages    *web.Templates
	unsigned unsigned
	// firstDelivery holds for a part of a message that nobody has carried out:
	// nothing stands there, or that a message of this id was refused whole.
	// A test takes it away, to show that it would see an effect twice.
	firstDelivery expression.ConditionBuilder
}

func open(rt function.Runtime) (*service, error) {
	pages := web.NewTemplates(pageFiles)
	pages.Origin = rt.Setting(function.PublicURL)
	return &service{
		table: rt.Table(function.Partners), cohorts: rt.Table(function.Cohorts), ledger: rt.Table(function.Ledger),
		audit: audit.Trail{Table: rt.Table(function.Audit), Now: rt.Now, NewID: rt.ID}, sessions: rt.Sessions(),
		secret: rt.ReadSecret, rotate: rt.RotateSecret, random: rt.Random, now: rt.Now, newID: rt.ID, log: rt.Log,
		origin: rt.Setting(function.PublicURL), pages: pages, firstDelivery: dynamo.Absent.Or(expression.AttributeExists(expression.Name("unread"))),
	}, nil
}

//go:embed pages/*.html
var pageFiles embed.FS
