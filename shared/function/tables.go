package function

import (
	"fmt"

	"github.com/fabrique-des-transitions/fabrique/shared/applicant"
	"github.com/fabrique-des-transitions/fabrique/shared/openwork"
)

// Table is one of the platform's DynamoDB tables, named by its area.
type Table string

// The tables. One function owns and writes each; Ledger, Audit and Limits are
// the exceptions that any function may append to or count in, and registration
// puts requests to be erased into every personal table.
const (
	Allies       Table = "Allies"       // registration: who signed, pending signatures, the directory
	Agenda       Table = "Agenda"       // booking: sessions, their seats, who has booked, who waits
	Cohorts      Table = "Cohorts"      // cohort: calls, enrolled territories, milestones; nothing on anyone
	Applications Table = "Applications" // cohort: who applies, with which four people
	Partners     Table = "Partners"     // partner: what partners said, delivery by delivery; nothing on anyone
	Library      Table = "Library"      // publishing: resources, their versions and files; authors are public by publication
	Members      Table = "Members"      // team: who is in the team, and since when their sessions are void
	Mails        Table = "Mails"        // notify: what waits to be sent, what was, who must not be written to
	Ledger       Table = "Ledger"       // any function appends: dated facts, the bilan's only source
	Bilans       Table = "Bilans"       // bilan: the running figures and what they count, published years, notices to the team
	Audit        Table = "Audit"        // any function appends: what the team changed, who and when
	Limits       Table = "Limits"       // any function counts: posts per client and minute
)

// Definition is the shape of a table, from which CDK declares it and the
// local host creates it. Every table has the string keys "pk" and "sk".
type Definition struct {
	Table Table
	// TTL is set for tables whose items may carry "expires_at" (Unix
	// seconds), after which DynamoDB removes them within days.
	TTL bool
	// Stream is set for tables whose changes others consume (new and old images).
	Stream bool
	// Personal tables hold personal data, a person's under the key of package
	// personal; whoever writes one declares how it erases.
	Personal bool
	// Durable tables are backed up continuously and survive their stack.
	Durable bool
	Indexes []Index
}

// TTLAttribute is the attribute that holds when an item may go, Unix seconds.
const TTLAttribute = "expires_at"

// Index is a global secondary index over two string attributes. It holds
// only items that have both: a sparse index.
type Index struct {
	Name            string
	Hash, Range     string
	Included        []string // attributes copied besides the keys; nil: keys only
	IncludeAllItems bool     // copy every attribute
}

// Definitions lists every table.
var Definitions = []Definition{
	{
		Table: Allies, TTL: true, Stream: true, Durable: true, Personal: true,
		Indexes: []Index{{
			Name: "directory", Hash: "directory", Range: "directory_name",
			Included: []string{"ally_id", "name", "category", "territory", "region", "joined_on"},
		}, {
			Name: "allies", Hash: "list", Range: "list_at", IncludeAllItems: true,
		}, {
			Name: "erasures", Hash: "erasures", Range: "requested_at", // in this table for all
		}},
	},
	{
		Table: Agenda, TTL: true, Stream: true, Durable: true, Personal: true,
		Indexes: []Index{
			{Name: "agenda", Hash: "agenda", Range: "agenda_at", IncludeAllItems: true},
			{Name: "session", Hash: "session_id", Range: "booked_at", IncludeAllItems: true},
		},
	},
	{
		Table: Cohorts, TTL: true, Stream: true, Durable: true,
		Indexes: []Index{{Name: "cohorts", Hash: "list", Range: "list_at", IncludeAllItems: true}},
	},
	{
		Table: Applications, TTL: true, Stream: true, Durable: true, Personal: true,
		Indexes: []Index{
			{Name: "cohort", Hash: "cohort", Range: "applied_at", IncludeAllItems: true},
			{Name: applicant.Index, Hash: "list", Range: "created_at"},
			{Name: openwork.Index, Hash: "open", Range: "open_at"},
		},
	},
	{
		Table: Partners, TTL: true, Stream: true, Durable: true,
		Indexes: []Index{
			{Name: "receipts", Hash: "receipts", Range: "received_at"},
			{Name: openwork.Index, Hash: "open", Range: "open_at"},
		},
	},
	{
		Table: Library, TTL: true, Durable: true,
		Indexes: []Index{
			{Name: "shelf", Hash: "shelf", Range: "shelf_at", IncludeAllItems: true},
			{Name: "changes", Hash: "changes", Range: "changed_at", IncludeAllItems: true},
			{Name: "desk", Hash: "desk", Range: "desk_at", Included: []string{
				"slug", "kind", "title", "state", "revision", "published_on", "authors", "series", "cohort", "lang", "licence", "updated_at", "uses",
			}},
			{Name: "files", Hash: "files", Range: "files_at", Included: []string{"media_id", "file_name", "media_type", "bytes", "state", "who", "created_at", "expires_at"}},
		},
	},
	{
		Table: Mails, TTL: true, Stream: true, Durable: true, Personal: true,
		Indexes: []Index{
			{Name: "due", Hash: "due", Range: "due_at"},
			{Name: "mails", Hash: "list", Range: "list_at", Included: []string{"mail_id", "template", "state", "created_at", "ended_at", "reason", "attempts"}},
			{Name: "suppressed", Hash: "suppressed", Range: "suppressed_at", Included: []string{"reason"}},
		},
	},
	{
		Table: Members, TTL: true, Stream: true, Durable: true, Personal: true,
		Indexes: []Index{{Name: "members", Hash: "list", Range: "list_at", IncludeAllItems: true}},
	},
	{Table: Ledger, Stream: true, Durable: true},
	{Table: Bilans, TTL: true, Stream: true, Durable: true},
	{
		Table: Audit, TTL: true, Durable: true,
		Indexes: []Index{{Name: "subject", Hash: "subject", Range: "sk", IncludeAllItems: true}},
	},
	{Table: Limits, TTL: true},
}

// Define returns the definition of a table.
func (t Table) Define() (Definition, error) {
	for _, d := range Definitions {
		if d.Table == t {
			return d, nil
		}
	}
	return Definition{}, fmt.Errorf("table %q is not defined", string(t))
}

// Right is what a function may do with a table.
type Right int

// The rights, each with the IAM actions that it grants (see Right.Actions).
const (
	Read       Right = iota + 1 // get and query, and hold a transaction to what was read
	ReadWrite                   // get, query, put, update, delete, conditions
	ReadAppend                  // get, query and put: to gather a person's data, and to ask for their erasure
	Append                      // put only
	Count                       // update only
)

// Actions are the IAM actions that the right needs, transactions included:
// a transaction needs the right of each of its items and no other
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html).
func (r Right) Actions() []string {
	switch r {
	case Read:
		return []string{"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:ConditionCheckItem"}
	case ReadWrite:
		return []string{
			"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem",
			"dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem",
		}
	case ReadAppend:
		return []string{"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem"}
	case Append:
		return []string{"dynamodb:PutItem"}
	case Count:
		return []string{"dynamodb:UpdateItem"}
	}
	panic(fmt.Sprintf("right %d is not defined", int(r)))
}

// Use is a table that a function touches, and how.
type Use struct {
	Table Table
	Right Right
}
